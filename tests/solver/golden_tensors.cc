// SPDX-License-Identifier: MIT
#include "tests/solver/golden_tensors.h"

#include <limits>

#include "absl/strings/str_format.h"
#include "base/compress.h"
#include "base/files.h"
#include "base/status.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint.h"
#include "tests/testing/test_data.h"

namespace arctrm::internal {

SafetensorsFile ReadGolden(const std::string& name) {
  const absl::StatusOr<std::string> frame =
      ReadFile(TestData(name + ".safetensors.zst"));
  ARCTRM_CHECK(frame.ok());
  absl::StatusOr<std::string> bytes = ZstdDecompress(*frame, 64 << 20);
  ARCTRM_CHECK(bytes.ok());
  absl::StatusOr<SafetensorsFile> file =
      SafetensorsFile::Parse(*std::move(bytes), name);
  ARCTRM_CHECK(file.ok());
  return *std::move(file);
}

Tensor Golden(const SafetensorsFile& file, const std::string& name) {
  absl::StatusOr<Tensor> tensor = GetTensor(file, name, {});
  if (!tensor.ok()) ADD_FAILURE() << tensor.status();
  ARCTRM_CHECK(tensor.ok());
  return *std::move(tensor);
}

double MaxError(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  if (a.numel() == 0) return 0;
  return (a.detach().to(at::kCPU, at::kDouble) - b.to(at::kCPU, at::kDouble))
      .abs()
      .max()
      .item<double>();
}

void ExpectClose(const std::string& what, const Tensor& actual,
                 const Tensor& expected, double tolerance) {
  const double error = MaxError(actual, expected);
  absl::PrintF("[ MEASURED ] %-42s %.2e (at most %.0e)\n", what, error,
               tolerance);
  EXPECT_LE(error, tolerance) << what;
}

ModelOptions TinyOptions(const std::string& golden) {
  ModelOptions options;
  options.arch = golden.substr(0, golden.find('_'));
  options.mixer = golden.find("mixer") != std::string::npos;
  if (options.mixer) options.positions = "none";
  options.hidden = 64;
  options.heads = 4;
  options.h_cycles = options.hrm() ? 2 : 3;
  options.l_cycles = options.hrm() ? 2 : 4;
  options.puzzle_prefix = options.hrm() ? 1 : 16;
  options.continue_head = options.hrm();
  options.halt_max_steps = 4;
  options.exploration = 0;
  options.canvas_side = options.mixer ? 4 : 5;
  options.position_side = options.canvas_side;
  return options;
}

Model TinyModel(const SafetensorsFile& file, const ModelOptions& options,
                at::Device device, at::ScalarType dtype) {
  Random random(0, "init");
  Model model(options, device, dtype, random);
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    model.Part(model.flat(), i)
        .copy_(Golden(file, "init." + model.parameters()[i].first).view({-1}));
  }
  model.h_init.copy_(Golden(file, "init.inner.H_init"));
  model.l_init.copy_(Golden(file, "init.inner.L_init"));
  return model;
}

}  // namespace arctrm::internal
