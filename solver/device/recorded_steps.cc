// SPDX-License-Identifier: MIT
#include "solver/device/recorded_steps.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace arctrm::internal {
namespace {

// The same operations give the same bits, but libraries may choose others while
// they are recorded.
bool AlmostEqual(const Tensor& a, const Tensor& b) {
  const Tensor expected = b.to(at::kDouble);
  const double largest = expected.abs().max().item<double>();
  const double error =
      (a.to(at::kDouble) - expected).abs().max().item<double>();
  return error <= 1e-2 * largest;
}

}  // namespace

int64_t PaddedRows(int64_t rows, int64_t max) {
  // Multiples of 4 up to 32; above, five to eight times a power of two.
  int64_t unit = 4;
  while (8 * unit < rows) unit *= 2;
  return std::min((rows + unit - 1) / unit * unit, max);
}

Tensor FirstElements(const Tensor& flat, const std::vector<int64_t>& shape) {
  int64_t numel = 1;
  for (int64_t size : shape) numel *= size;
  return flat.narrow(0, 0, numel).view(shape);
}

void FillRows(const Tensor& source, int64_t rows, const Tensor& target,
              int64_t padding) {
  if (!target.defined()) return;
  const Tensor own = target.narrow(0, 0, rows);
  if (source.defined()) {
    own.copy_(source);
  } else {
    own.zero_();
  }
  const int64_t rest = target.size(0) - rows;
  if (rest > 0) target.narrow(0, rows, rest).fill_(padding);
}

std::string DifferenceOfResults(const std::vector<Tensor>& recorded,
                                const std::vector<Tensor>& plain) {
  for (size_t i = 0; i < plain.size(); ++i) {
    if (plain[i].defined() && plain[i].is_floating_point() &&
        !AlmostEqual(recorded[i], plain[i])) {
      return "a recorded step computes other results than the plain step here";
    }
  }
  return "";
}

bool AllFinite(const std::vector<Tensor>& tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const Tensor& t) {
    return !t.defined() || !t.is_floating_point() ||
           at::isfinite(t).all().item<bool>();
  });
}

std::string LostTime(absl::Duration recorded, absl::Duration plain) {
  // Measurements vary by a few per cent.
  if (recorded <= 1.05 * plain) return "";
  return absl::StrFormat(
      "a recorded step is slower here (%.3g ms against %.3g ms)",
      absl::ToDoubleMilliseconds(recorded), absl::ToDoubleMilliseconds(plain));
}

}  // namespace arctrm::internal
