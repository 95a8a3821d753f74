// SPDX-License-Identifier: MIT
// The comparison of kernels with plain operations, with the kernels of the CPU
// and with made-up ones.
#include "solver/nn/kernel_proof.h"

#include <chrono>
#include <thread>

#include "gtest/gtest.h"
#include "solver/train/optimizers.h"

namespace arctrm::internal {
namespace {

// Runs `fused` or `plain` by the switch of the kernel for norms.
ProofCase MadeUp(std::function<Tensor()> fused, std::function<Tensor()> plain) {
  return {
      Kernel::kNorm, [=] {
        return std::vector<Tensor>{InUse(Kernel::kNorm) ? fused() : plain()};
      }};
}

Tensor Numbers() { return at::arange(64, at::kFloat) - 32; }

TEST(KernelProof, TheKernelsOfTheCpuPass) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    for (const int64_t hidden : {64, 96, 128}) {
      std::vector<ProofCase> cases =
          NetworkProofCases(at::kCPU, dtype, 33, hidden);
      for (ProofCase& more : OptimizerProofCases(at::kCPU)) {
        cases.push_back(std::move(more));
      }
      EXPECT_EQ(cases.size(), 5u);
      for (const ProofCase& one : cases) {
        const KernelProof proof = ProveKernel(one, dtype, /*timed=*/false);
        EXPECT_EQ(proof.kernel, one.kernel);
        EXPECT_EQ(proof.problem, "") << KernelText(one.kernel);
        // The proof leaves the switches as they were.
        EXPECT_TRUE(InUse(one.kernel));
      }
    }
  }
}

// A proof that compares a kernel with itself would always pass.
TEST(KernelProof, BothWaysAreTaken) {
  int fused = 0;
  int plain = 0;
  const auto count = [](int& calls) {
    return [&calls] {
      ++calls;
      return Numbers();
    };
  };
  const ProofCase one = MadeUp(count(fused), count(plain));
  EXPECT_EQ(ProveKernel(one, at::kFloat, false).problem, "");
  EXPECT_EQ(fused, 1);
  EXPECT_EQ(plain, 1);
}

TEST(KernelProof, WrongResultsAreFound) {
  const auto problem = [](double error, at::ScalarType dtype) {
    return ProveKernel(MadeUp([=] { return Numbers() * (1 + error); }, Numbers),
                       dtype, false)
        .problem;
  };
  EXPECT_EQ(problem(1e-6, at::kFloat), "");
  EXPECT_NE(problem(1e-5, at::kFloat).find("other results"), std::string::npos);
  EXPECT_EQ(problem(1e-2, at::kBFloat16), "");
  EXPECT_NE(problem(4e-2, at::kBFloat16), "");
  EXPECT_NE(problem(std::nan(""), at::kBFloat16), "");
  // One wrong element of many.
  const auto one_wrong = [] {
    Tensor wrong = Numbers();
    wrong[7] = 0;
    return wrong;
  };
  EXPECT_NE(ProveKernel(MadeUp(one_wrong, Numbers), at::kFloat, false).problem,
            "");
}

TEST(KernelProof, FailuresAndSlowKernelsAreFound) {
  const auto fails = []() -> Tensor { TORCH_CHECK(false, "no such kernel"); };
  EXPECT_EQ(ProveKernel(MadeUp(fails, Numbers), at::kFloat, true).problem,
            "it failed: no such kernel");
  EXPECT_TRUE(InUse(Kernel::kNorm));
  const auto slow = [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return Numbers();
  };
  const KernelProof slower =
      ProveKernel(MadeUp(slow, Numbers), at::kFloat, true);
  EXPECT_NE(slower.problem.find("slower"), std::string::npos);
  EXPECT_GE(slower.fused_s, 5e-3);
  EXPECT_EQ(ProveKernel(MadeUp(slow, Numbers), at::kFloat, false).problem, "");
  EXPECT_EQ(ProveKernel(MadeUp(Numbers, slow), at::kFloat, true).problem, "");
}

TEST(KernelProof, PlainLeavesAllKernelsOutAndAutoAdmitsThemAgain) {
  const auto plain = ChooseKernels(at::kCPU, at::kFloat, "plain", {});
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(*plain, "plain operations");
  EXPECT_EQ(KernelsLeftOut().size(), static_cast<size_t>(kKernelCount));
  EXPECT_FALSE(InUse(Kernel::kAttention));
  const auto chosen = ChooseKernels(at::kCPU, at::kFloat, "auto", {});
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(*chosen, "");
  EXPECT_TRUE(KernelsLeftOut().empty());
}

}  // namespace
}  // namespace arctrm::internal
