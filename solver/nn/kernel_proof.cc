// SPDX-License-Identifier: MIT
#include "solver/nn/kernel_proof.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/random.h"
#include "base/status.h"
#include "solver/device/cuda_launch.h"
#include "solver/device/device.h"

namespace arctrm::internal {
namespace {

// Switches one kernel, and back at the end of the scope.
class KernelScope {
 public:
  KernelScope(Kernel kernel, bool on) : kernel_(kernel), was_(InUse(kernel)) {
    UseKernel(kernel, on);
  }
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;
  ~KernelScope() { UseKernel(kernel_, was_); }

 private:
  Kernel kernel_;
  bool was_;
};

// Normal numbers that depend only on the shape and `seed`. Rows beyond the
// first kDrawn repeat these, because drawing takes the host longer than the
// device needs for the whole proof. The number is prime, so that rows which a
// kernel confuses differ.
Tensor RandomTensor(std::vector<int64_t> shape, uint64_t seed,
                    at::Device device, at::ScalarType dtype) {
  constexpr int64_t kDrawn = 257;
  const size_t axis = shape[0] == 1 && shape.size() > 1 ? 1 : 0;
  const int64_t rows = shape[axis];
  std::vector<int64_t> repeats(shape.size(), 1);
  shape[axis] = std::min(rows, kDrawn);
  repeats[axis] = (rows + shape[axis] - 1) / shape[axis];
  Random random(seed, "kernel proof");
  Tensor t = at::empty(shape, at::kFloat);
  float* to = t.mutable_data_ptr<float>();
  for (int64_t i = 0; i < t.numel(); ++i) {
    to[i] = static_cast<float>(random.Normal());
  }
  return t.to(device, dtype)
      .repeat(repeats)
      .narrow(static_cast<int64_t>(axis), 0, rows)
      .contiguous();
}

// Seconds of one computation, the best of a few.
double SecondsOf(const ProofCase& proof_case, at::Device device) {
  return BestSeconds(device, 3, 5, [&] { proof_case.compute(); });
}

// The largest difference in units of the allowed one: a few roundings of
// `dtype`, relative to the number or to a tenth of the largest.
double Difference(const Tensor& fused, const Tensor& plain,
                  at::ScalarType dtype) {
  const double rounding = dtype == at::kFloat      ? std::ldexp(1, -24)
                          : dtype == at::kBFloat16 ? std::ldexp(1, -8)
                                                   : std::ldexp(1, -11);
  // Sums of float32 may have another order; 16-bit results round once.
  const double allowed = dtype == at::kFloat ? 64 : 8;
  const Tensor a = fused.detach().flatten();
  const Tensor b = plain.detach().flatten();
  const double floor = 0.1 * b.abs().max().item<double>() + 1e-30;
  double worst = 0;
  // In pieces, because float64 takes much memory.
  constexpr int64_t kPiece = 1 << 22;
  for (int64_t begin = 0; begin < b.numel(); begin += kPiece) {
    const int64_t size = std::min(kPiece, b.numel() - begin);
    const Tensor expected = b.narrow(0, begin, size).to(at::kDouble);
    const Tensor error =
        (a.narrow(0, begin, size).to(at::kDouble) - expected).abs() /
        (expected.abs() + floor);
    const double largest = error.max().item<double>();
    if (std::isnan(largest)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, largest);
  }
  return worst / (rounding * allowed);
}

ProofCase NormCase(at::Device device, at::ScalarType dtype, int64_t rows,
                   int64_t hidden) {
  const Tensor x = RandomTensor({rows, hidden}, 1, device, dtype);
  const Tensor y = RandomTensor({rows, hidden}, 2, device, dtype);
  const Tensor g = RandomTensor({rows, hidden}, 3, device, dtype);
  return {Kernel::kNorm, [=] {
            const Tensor a = x.detach().set_requires_grad(true);
            const Tensor b = y.detach().set_requires_grad(true);
            const Tensor out = ResidualRmsNorm(a, b);
            out.backward(g);
            return std::vector<Tensor>{out, a.grad(), b.grad()};
          }};
}

ProofCase SwiGluCase(at::Device device, at::ScalarType dtype, int64_t rows,
                     int64_t hidden) {
  const Tensor gate_up = RandomTensor({rows, 2 * hidden}, 4, device, dtype);
  const Tensor g = RandomTensor({rows, hidden}, 5, device, dtype);
  return {Kernel::kSwiGlu, [=] {
            const Tensor a = gate_up.detach().set_requires_grad(true);
            const Tensor out = SwiGluActivation(a);
            out.backward(g);
            return std::vector<Tensor>{out, a.grad()};
          }};
}

ProofCase RotaryCase(at::Device device, at::ScalarType dtype, int64_t rows,
                     int64_t hidden) {
  const int64_t dim = hidden % 64 == 0 ? 64 : hidden % 32 == 0 ? 32 : hidden;
  const int64_t heads = hidden / dim;
  const Tensor qkv = RandomTensor({rows, 3 * hidden}, 6, device, dtype);
  const Tensor angle = RandomTensor({rows, dim / 2}, 7, device, at::kFloat);
  const Tensor cos = angle.cos();
  const Tensor sin = angle.sin();
  const Tensor g = RandomTensor({1, rows, heads, dim}, 8, device, dtype);
  return {Kernel::kRotary, [=] {
            const Tensor a = qkv.detach().set_requires_grad(true);
            const auto [q, k, v] = SplitRotary(a, cos, sin, 1, heads);
            torch::autograd::backward({q, k, v}, {g, g, g});
            return std::vector<Tensor>{q, k, v, a.grad()};
          }};
}

ProofCase LossCase(at::Device device, at::ScalarType dtype, int64_t rows) {
  constexpr int64_t kClasses = 12;
  const Tensor logits = RandomTensor({1, rows, kClasses}, 9, device, dtype);
  Tensor labels = at::arange(rows, at::kLong).remainder(kClasses + 1) - 1;
  labels = labels.view({1, rows}).to(device);
  const Tensor g = RandomTensor({1, rows}, 10, device, at::kDouble);
  return {Kernel::kLoss, [=] {
            const Tensor a = logits.detach().set_requires_grad(true);
            const Tensor loss = StablemaxCrossEntropy(a, labels);
            loss.backward(g);
            return std::vector<Tensor>{loss, a.grad()};
          }};
}

// A decision of ChooseKernels.
struct Choice {
  absl::Status status;
  std::vector<Kernel> decided;
  std::vector<Kernel> left_out;
  std::string text;
};

// Compares and times every case.
void ProveAll(const std::vector<ProofCase>& cases, at::ScalarType dtype,
              Choice& choice) {
  std::vector<std::string> problems;
  for (const ProofCase& one : cases) {
    const KernelProof proof = ProveKernel(one, dtype, /*timed=*/true);
    if (proof.problem.empty()) continue;
    choice.left_out.push_back(one.kernel);
    problems.push_back(
        absl::StrCat(KernelText(one.kernel), ", because ", proof.problem));
  }
  const size_t used = cases.size() - problems.size();
  choice.text =
      problems.empty()
          ? absl::StrCat(used, " fused kernels")
          : absl::StrCat(used, " of ", cases.size(), " fused kernels (plain: ",
                         absl::StrJoin(problems, "; "), ")");
}

// Why the CUDA kernels for `dtype` and for the optimisers' float32 cannot be
// had; OK if they can.
absl::Status CheckCudaKernels(at::Device device, at::ScalarType dtype) {
  for (const at::ScalarType type : {dtype, at::kFloat}) {
    ARCTRM_RETURN_IF_ERROR(LoadCudaKernels(device, type).status);
  }
  return absl::OkStatus();
}

Choice MakeChoice(at::Device device, at::ScalarType dtype,
                  const std::string& mode, const std::vector<ProofCase>& more) {
  Choice choice;
  if (!device.is_cuda()) {
    for (int i = 0; i < kKernelCount; ++i) {
      choice.decided.push_back(static_cast<Kernel>(i));
    }
    if (mode == "plain") {
      choice.left_out = choice.decided;
      choice.text = "plain operations";
    }
    return choice;
  }
  for (const Kernel kernel :
       {Kernel::kNorm, Kernel::kSwiGlu, Kernel::kRotary, Kernel::kLoss}) {
    choice.decided.push_back(kernel);
  }
  for (const ProofCase& one : more) choice.decided.push_back(one.kernel);
  const absl::Status possible =
      mode == "plain" ? absl::OkStatus() : CheckCudaKernels(device, dtype);
  if (mode == "plain" || !possible.ok()) {
    choice.left_out = choice.decided;
    choice.text = "plain operations";
    if (!possible.ok()) {
      absl::StrAppend(&choice.text, ", because there are no fused kernels: ",
                      possible.message());
    }
    if (mode == "fused") choice.status = possible;
    return choice;
  }
  const std::string& origin = LoadCudaKernels(device, dtype).origin;
  if (mode == "fused") {
    choice.text = absl::StrCat(
        "fused kernels, not compared with the plain "
        "operations, ",
        origin);
    return choice;
  }
  // A few milliseconds on a GPU, and large enough to be worth a measurement.
  constexpr int64_t kRows = 1 << 14;
  constexpr int64_t kHidden = 512;
  std::vector<ProofCase> cases =
      NetworkProofCases(device, dtype, kRows, kHidden);
  cases.insert(cases.end(), more.begin(), more.end());
  ProveAll(cases, dtype, choice);
  absl::StrAppend(&choice.text, ", ", origin);
  return choice;
}

}  // namespace

KernelProof ProveKernel(const ProofCase& proof_case, at::ScalarType dtype,
                        bool timed) {
  KernelProof proof;
  proof.kernel = proof_case.kernel;
  std::vector<Tensor> plain;
  {
    const KernelScope scope(proof_case.kernel, false);
    plain = proof_case.compute();
    if (timed) proof.plain_s = SecondsOf(proof_case, plain[0].device());
  }
  const KernelScope scope(proof_case.kernel, true);
  try {
    const std::vector<Tensor> fused = proof_case.compute();
    double worst = 0;
    for (size_t i = 0; i < plain.size(); ++i) {
      worst = std::max(worst, Difference(fused[i], plain[i], dtype));
    }
    if (!(worst <= 1)) {
      proof.problem = absl::StrFormat(
          "it computes other results here (%.3g times the allowed difference)",
          worst);
      return proof;
    }
    if (timed) proof.fused_s = SecondsOf(proof_case, plain[0].device());
  } catch (const c10::Error& e) {
    proof.problem = absl::StrCat("it failed: ", e.what_without_backtrace());
    return proof;
  }
  // Measurements vary by a few per cent.
  if (proof.fused_s > 1.05 * proof.plain_s) {
    proof.problem =
        absl::StrFormat("it is slower here (%.3g ms against %.3g ms)",
                        1e3 * proof.fused_s, 1e3 * proof.plain_s);
  }
  return proof;
}

std::vector<ProofCase> NetworkProofCases(at::Device device,
                                         at::ScalarType dtype, int64_t rows,
                                         int64_t hidden) {
  return {NormCase(device, dtype, rows, hidden),
          SwiGluCase(device, dtype, rows, hidden),
          RotaryCase(device, dtype, rows, hidden),
          LossCase(device, dtype, rows)};
}

absl::StatusOr<std::string> ChooseKernels(at::Device device,
                                          at::ScalarType dtype,
                                          const std::string& mode,
                                          const std::vector<ProofCase>& more) {
  using Key =
      std::tuple<c10::DeviceType, int, at::ScalarType, std::string, size_t>;
  static std::mutex mutex;
  static auto* const choices = new std::map<Key, Choice>();
  const std::lock_guard<std::mutex> lock(mutex);
  const Key key(device.type(), device.index(), dtype, mode, more.size());
  auto found = choices->find(key);
  if (found == choices->end()) {
    found = choices->emplace(key, MakeChoice(device, dtype, mode, more)).first;
  }
  const Choice& choice = found->second;
  ARCTRM_RETURN_IF_ERROR(choice.status);
  LeaveOutKernels(choice.decided, choice.left_out);
  return choice.text;
}

}  // namespace arctrm::internal
