// SPDX-License-Identifier: MIT
// The CUDA kernels: compiles them for every architecture, and compares their
// results, computed on the CPU by a fake driver, with the kernels of cpu_ops.h:
// all element types, rows with and without 16-byte accesses, unaligned memory.
// Memory has the exact size and initially contains NaN.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/random.h"
#include "base/shared_library.h"
#include "gtest/gtest.h"
#include "solver/kernels/cpu_ops.h"
#include "solver/kernels/cuda_compiler.h"
#include "solver/kernels/cuda_driver.h"
#include "solver/kernels/cuda_kernel_cache.h"
#include "solver/kernels/cuda_modules.h"
#include "tests/solver/cuda_on_host.h"
#include "tests/testing/scratch.h"

namespace arctrm::kernels {
namespace {

using cuda::Element;

constexpr Element kElements[] = {Element::kFloat32, Element::kBf16,
                                 Element::kFloat16};
using Floats = std::vector<float>;

// Starts kernels by the fake driver (fake_cuda_driver.cc), whose modules come
// out of a cache folder as compiled ones do.
cuda::Launcher& FakeLauncher() {
  static auto* const launcher = [] {
    const std::string folder = testing::TempDir() + "/arctrm_kernel_cache";
    setenv("ARCTRM_CACHE_DIR", folder.c_str(), 1);
    setenv("ARCTRM_NVRTC", "/nonexistent", 1);
    setenv("ARCTRM_CUDA_DRIVER", ARCTRM_FAKE_CUDA_DRIVER, 1);
    const cuda::KernelCache cache = cuda::KernelCache::Default();
    for (const Element element : kElements) {
      EXPECT_TRUE(
          cache.Keep(element, 75, "12.8", cuda::ElementName(element)).ok());
      const cuda::LoadedKernels& loaded = cuda::LoadKernels(0, element, "");
      EXPECT_TRUE(loaded.status.ok()) << loaded.status;
      EXPECT_EQ(loaded.origin, "from the cache");
    }
    void* (*stream)() = nullptr;
    const auto library = SharedLibrary::FindLoaded(ARCTRM_FAKE_CUDA_DRIVER);
    EXPECT_TRUE(library.ok() && library->Find("FakeCudaStream", stream));
    return new cuda::DeviceLauncher(0, stream());
  }();
  return *launcher;
}

// An array of elements in separate memory.
class Array {
 public:
  Array(Element element, int64_t size, bool off_alignment)
      : element_(element),
        size_(static_cast<size_t>(size)),
        bytes_(element == Element::kFloat32 ? 4 : 2),
        shift_(off_alignment ? bytes_ : 0),
        memory_(std::make_unique<char[]>(shift_ + size_ * bytes_)) {
    std::memset(data(), 0xFF, size_ * bytes_);
  }
  Array(Element element, int64_t size, bool off_alignment, Random& random)
      : Array(element, size, off_alignment) {
    for (size_t i = 0; i < size_; ++i) {
      Set(i, static_cast<float>(2 * random.Normal()));
    }
  }

  void* data() { return memory_.get() + shift_; }
  float* floats() { return static_cast<float*>(data()); }
  Floats Read() {
    Floats read(size_);
    for (size_t i = 0; i < size_; ++i) {
      if (element_ == Element::kFloat32) {
        read[i] = floats()[i];
      } else if (element_ == Element::kBf16) {
        read[i] = cuda::ToFloat(static_cast<cuda::Bf16*>(data())[i]);
      } else {
        read[i] = cuda::ToFloat(static_cast<cuda::Half*>(data())[i]);
      }
    }
    return read;
  }

 private:
  void Set(size_t i, float x) {
    if (element_ == Element::kFloat32) {
      floats()[i] = x;
    } else if (element_ == Element::kBf16) {
      cuda::Round(x, static_cast<cuda::Bf16*>(data()) + i);
    } else {
      cuda::Round(x, static_cast<cuda::Half*>(data()) + i);
    }
  }

  Element element_;
  size_t size_;
  size_t bytes_;
  size_t shift_;
  std::unique_ptr<char[]> memory_;
};

// Measures errors in roundings of the type, relative to the number or to a
// tenth of the largest. Float32 allows two orders of a sum, other types one
// rounding.
void ExpectSame(const std::string& what, Element element, const Floats& actual,
                const Floats& expected) {
  const double rounding = element == Element::kFloat32 ? std::ldexp(1, -24)
                          : element == Element::kBf16  ? std::ldexp(1, -8)
                                                       : std::ldexp(1, -11);
  const double allowed = element == Element::kFloat32 ? 12 : 1.01;
  float largest = 0;
  for (float x : expected) largest = std::max(largest, std::fabs(x));
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double scale = std::fabs(expected[i]) + 0.1 * largest + 1e-30;
    const double error = std::fabs(actual[i] - expected[i]) / scale / rounding;
    // NaN counts as an error.
    if (!(error <= allowed)) {
      ADD_FAILURE() << what << " element type " << static_cast<int>(element)
                    << " [" << i << "]: " << actual[i] << ", expected "
                    << expected[i];
      return;
    }
  }
}

class CudaKernels : public testing::TestWithParam<bool> {
 protected:
  bool off() const { return GetParam(); }
  Array Empty(Element element, int64_t size) const {
    return Array(element, size, off());
  }
  Array Filled(Element element, int64_t size) {
    return Array(element, size, off(), random_);
  }
  Random random_{1, "test"};
};

TEST_P(CudaKernels, ResidualRmsNorm) {
  for (Element element : kElements) {
    for (int64_t rows : {1, 19}) {
      for (int64_t d :
           {7, 8, 64, 100, 128, 256, 264, 512, 520, 1024, 2048, 2056, 4100}) {
        const auto n = static_cast<size_t>(rows * d);
        Array x = Filled(element, rows * d);
        Array y = Filled(element, rows * d);
        Array g = Filled(element, rows * d);
        Array out = Empty(element, rows * d);
        Array grad = Empty(element, rows * d);
        Array rstd(Element::kFloat32, rows, false);
        ASSERT_TRUE(cuda::ResidualRmsNormForward(FakeLauncher(), element,
                                                 x.data(), y.data(), out.data(),
                                                 rstd.floats(), rows, d, 1e-5f)
                        .ok());
        Floats expected(n);
        Floats expected_rstd(static_cast<size_t>(rows));
        ResidualRmsNormForward(x.Read().data(), y.Read().data(),
                               expected.data(), expected_rstd.data(), rows, d,
                               1e-5f);
        const std::string what = absl::StrCat("rms norm ", d);
        ExpectSame(what, element, out.Read(), expected);
        ExpectSame(what, Element::kFloat32, rstd.Read(), expected_rstd);
        ASSERT_TRUE(cuda::ResidualRmsNormForward(FakeLauncher(), element,
                                                 x.data(), y.data(), x.data(),
                                                 nullptr, rows, d, 1e-5f)
                        .ok());
        ExpectSame(what + " in place", element, x.Read(), expected);

        ASSERT_TRUE(cuda::ResidualRmsNormBackward(
                        FakeLauncher(), element, g.data(), out.data(),
                        rstd.floats(), grad.data(), rows, d)
                        .ok());
        ResidualRmsNormBackward(g.Read().data(), out.Read().data(),
                                rstd.floats(), expected.data(), rows, d);
        ExpectSame(what + " gradient", element, grad.Read(), expected);
      }
    }
  }
}

TEST_P(CudaKernels, SwiGlu) {
  const int64_t rows = 13;
  for (Element element : kElements) {
    for (int64_t n : {1, 7, 8, 37, 64, 1536}) {
      Array gate_up = Filled(element, rows * 2 * n);
      Array g = Filled(element, rows * n);
      Array out = Empty(element, rows * n);
      Array grad = Empty(element, rows * 2 * n);
      ASSERT_TRUE(cuda::SwiGluForward(FakeLauncher(), element, gate_up.data(),
                                      out.data(), rows, n)
                      .ok());
      ASSERT_TRUE(cuda::SwiGluBackward(FakeLauncher(), element, g.data(),
                                       gate_up.data(), grad.data(), rows, n)
                      .ok());
      Floats expected(static_cast<size_t>(rows * n));
      Floats expected_grad(static_cast<size_t>(rows * 2 * n));
      SwiGluForward(gate_up.Read().data(), expected.data(), rows, n);
      SwiGluBackward(g.Read().data(), gate_up.Read().data(),
                     expected_grad.data(), rows, n);
      const std::string what = absl::StrCat("swiglu ", n);
      ExpectSame(what, element, out.Read(), expected);
      ExpectSame(what + " gradient", element, grad.Read(), expected_grad);
    }
  }
}

// One table for all sequences, and one per sequence with two strides.
TEST_P(CudaKernels, SplitRotary) {
  const int64_t batch = 3;
  const int64_t positions = 5;
  for (Element element : kElements) {
    for (int64_t half : {1, 3, 4, 8, 32}) {
      for (int64_t heads : {1, 3}) {
        for (int64_t stride :
             {int64_t{0}, positions * half, positions * half + 4}) {
          const int64_t dim = 2 * half;
          const int64_t one = positions * heads * dim;
          Array cos(Element::kFloat32, batch * (positions * half + 4), false,
                    random_);
          Array sin(Element::kFloat32, batch * (positions * half + 4), false,
                    random_);
          Array qkv = Filled(element, batch * 3 * one);
          Array q = Empty(element, batch * one);
          Array k = Empty(element, batch * one);
          Array v = Empty(element, batch * one);
          Array grad = Empty(element, batch * 3 * one);
          ASSERT_TRUE(cuda::SplitRotaryForward(
                          FakeLauncher(), element, qkv.data(), cos.floats(),
                          sin.floats(), stride, q.data(), k.data(), v.data(),
                          batch, positions, heads, dim)
                          .ok());
          ASSERT_TRUE(cuda::SplitRotaryBackward(
                          FakeLauncher(), element, q.data(), k.data(), v.data(),
                          cos.floats(), sin.floats(), stride, grad.data(),
                          batch, positions, heads, dim)
                          .ok());
          const Floats from = qkv.Read();
          const Floats gq = q.Read();
          const Floats gk = k.Read();
          const Floats gv = v.Read();
          Floats eq(gq.size());
          Floats ek(gq.size());
          Floats ev(gq.size());
          Floats eg(from.size());
          for (int64_t b = 0; b < batch; ++b) {
            const float* c = cos.floats() + b * stride;
            const float* s = sin.floats() + b * stride;
            SplitRotaryForward(from.data() + b * 3 * one, c, s,
                               eq.data() + b * one, ek.data() + b * one,
                               ev.data() + b * one, positions, heads, dim);
            SplitRotaryBackward(gq.data() + b * one, gk.data() + b * one,
                                gv.data() + b * one, c, s,
                                eg.data() + b * 3 * one, positions, heads, dim);
          }
          const std::string what = absl::StrCat("rotary half ", half);
          ExpectSame(what + " q", element, gq, eq);
          ExpectSame(what + " k", element, gk, ek);
          ExpectSame(what + " v", element, gv, ev);
          ExpectSame(what + " gradient", element, grad.Read(), eg);
        }
      }
    }
  }
}

TEST_P(CudaKernels, Stablemax) {
  const int64_t tokens = 700;
  for (Element element : kElements) {
    for (int64_t classes : {1, 2, 12, 70}) {
      Array logits = Filled(element, tokens * classes);
      Array grad = Empty(element, tokens * classes);
      std::vector<int64_t> labels;
      std::vector<double> grad_loss;
      for (int64_t t = 0; t < tokens; ++t) {
        labels.push_back(t * 7 % (classes + 1) - 1);
        grad_loss.push_back(random_.Normal());
      }
      std::vector<double> loss(labels.size(), -1);
      std::vector<double> expected(labels.size());
      Floats expected_grad(static_cast<size_t>(tokens * classes));
      const auto run = [&] {
        ASSERT_TRUE(cuda::StablemaxForward(FakeLauncher(), element,
                                           logits.data(), labels.data(),
                                           loss.data(), tokens, classes)
                        .ok());
        ASSERT_TRUE(cuda::StablemaxBackward(FakeLauncher(), element,
                                            grad_loss.data(), logits.data(),
                                            labels.data(), grad.data(), tokens,
                                            classes)
                        .ok());
      };
      run();
      EXPECT_TRUE(StablemaxForward(logits.Read().data(), labels.data(),
                                   expected.data(), tokens, classes));
      StablemaxBackward(grad_loss.data(), logits.Read().data(), labels.data(),
                        expected_grad.data(), tokens, classes);
      for (size_t t = 0; t < labels.size(); ++t) {
        EXPECT_NEAR(loss[t], expected[t], 1e-12) << t;
      }
      ExpectSame("stablemax gradient", element, grad.Read(), expected_grad);
      labels[3] = classes;
      run();
      EXPECT_TRUE(std::isnan(loss[3]) && !std::isnan(loss[4]));
    }
  }
}

TEST_P(CudaKernels, AdamAtan2) {
  for (bool with_ema : {false, true}) {
    for (int64_t n : {1, 3, 4, 5, 1000, 1027}) {
      Array p = Filled(Element::kFloat32, n);
      Array m = Filled(Element::kFloat32, n);
      Array v = Filled(Element::kFloat32, n);
      Array ema = Filled(Element::kFloat32, n);
      Array g = Filled(Element::kFloat32, n);
      for (int64_t i = 0; i < n; ++i) v.floats()[i] = std::fabs(v.floats()[i]);
      Floats ep = p.Read();
      Floats em = m.Read();
      Floats ev = v.Read();
      Floats ee = ema.Read();
      for (int t = 0; t < 3; ++t) {
        AdamAtan2(ep.data(), em.data(), ev.data(), g.floats(),
                  with_ema ? ee.data() : nullptr, n, 0.999f, 0.9f, 0.95f, 0.01f,
                  0.3f, 0.99);
        ASSERT_TRUE(cuda::AdamAtan2(FakeLauncher(), p.floats(), m.floats(),
                                    v.floats(), g.floats(),
                                    with_ema ? ema.floats() : nullptr, n,
                                    0.999f, 0.9f, 0.95f, 0.01f, 0.3f, 0.99)
                        .ok());
      }
      ExpectSame("adam", Element::kFloat32, p.Read(), ep);
      ExpectSame("adam m", Element::kFloat32, m.Read(), em);
      ExpectSame("adam v", Element::kFloat32, v.Read(), ev);
      ExpectSame("adam ema", Element::kFloat32, ema.Read(), ee);
    }
  }
}

TEST_P(CudaKernels, SignSgdAddsRowsOfOneIdInOrder) {
  const size_t batch = 50;
  const size_t ids = 40;
  for (size_t d : {1, 64, 300}) {
    Array table = Filled(Element::kFloat32, static_cast<int64_t>(ids * d));
    Array grad = Filled(Element::kFloat32, static_cast<int64_t>(batch * d));
    std::vector<int64_t> id_of;
    for (size_t b = 0; b < batch; ++b) {
      id_of.push_back(static_cast<int64_t>(b * b % 37));
    }
    Floats expected = table.Read();
    for (size_t id = 0; id < ids; ++id) {
      const auto is_id = [&](int64_t other) {
        return other == static_cast<int64_t>(id);
      };
      if (std::none_of(id_of.begin(), id_of.end(), is_id)) continue;
      for (size_t i = 0; i < d; ++i) {
        float sum = 0;
        for (size_t b = 0; b < batch; ++b) {
          if (is_id(id_of[b])) sum += grad.floats()[b * d + i];
        }
        const float sign = sum > 0 ? 1.0f : sum < 0 ? -1.0f : 0.0f;
        volatile float kept = expected[id * d + i] * 0.9f;
        expected[id * d + i] = kept - 0.01f * sign;
      }
    }
    ASSERT_TRUE(cuda::SignSgd(FakeLauncher(), table.floats(), id_of.data(),
                              grad.floats(), static_cast<int64_t>(batch),
                              static_cast<int64_t>(d), 0.9f, 0.01f)
                    .ok());
    EXPECT_EQ(table.Read(), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Memory, CudaKernels, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& off) {
                           return off.param ? "OffAlignment" : "Aligned";
                         });

TEST(CudaDriver, DescribesItsDeviceAndRefusesOthers) {
  FakeLauncher();
  const auto driver = cuda::Driver::Get();
  ASSERT_TRUE(driver.ok()) << driver.status();
  const auto device = (*driver)->Describe(0);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ(device->name, "fake GPU");
  EXPECT_EQ(device->major * 10 + device->minor, 75);
  EXPECT_EQ(device->memory_bytes, int64_t{16} << 30);
  EXPECT_EQ((*driver)->Describe(1).status().code(),
            absl::StatusCode::kNotFound);
  const auto damaged = (*driver)->LoadModule("no module");
  EXPECT_NE(damaged.status().message().find("kernel image is invalid"),
            std::string::npos)
      << damaged.status();
  // A stream that the driver does not know.
  cuda::DeviceLauncher elsewhere(0, nullptr);
  float number = 0;
  int64_t label = 0;
  double loss = 0;
  const absl::Status status = cuda::StablemaxForward(
      elsewhere, Element::kFloat32, &number, &label, &loss, 1, 1);
  EXPECT_NE(status.message().find("starting a kernel"), std::string::npos)
      << status;
}

TEST(KernelCache, KeepsCodeAndRefusesDamagedFiles) {
  const std::string folder = testing::TempDir() + "/arctrm_kernel_files";
  ASSERT_TRUE(RemoveAll(folder).ok());
  const cuda::KernelCache cache(folder + "/own", folder + "/shipped");
  EXPECT_FALSE(cache.Find(Element::kBf16, 90, "").has_value());
  const std::string code("machine\0code", 12);
  ASSERT_TRUE(cache.Keep(Element::kBf16, 90, "13.0", code).ok());
  EXPECT_EQ(cache.Find(Element::kBf16, 90, "13.0"), code);
  EXPECT_EQ(cache.Find(Element::kBf16, 90, ""), code);
  EXPECT_FALSE(cache.Find(Element::kBf16, 90, "12.8").has_value());
  EXPECT_FALSE(cache.Find(Element::kBf16, 9, "").has_value());
  EXPECT_FALSE(cache.Find(Element::kFloat32, 90, "").has_value());
  // Files beside the program are found too.
  const cuda::KernelCache shipped("", folder + "/own");
  EXPECT_EQ(shipped.Find(Element::kBf16, 90, "13.0"), code);
  EXPECT_FALSE(shipped.Keep(Element::kBf16, 90, "13.0", code).ok());
  const auto names = ListFiles(folder + "/own");
  ASSERT_TRUE(names.ok() && names->size() == 1);
  const std::string file = folder + "/own/" + names->front();
  std::string bytes = *ReadFile(file);
  bytes.back() ^= 1;
  ASSERT_TRUE(WriteFileAtomically(file, bytes).ok());
  EXPECT_FALSE(cache.Find(Element::kBf16, 90, "").has_value());
  ASSERT_TRUE(WriteFileAtomically(file, "short").ok());
  EXPECT_FALSE(cache.Find(Element::kBf16, 90, "13.0").has_value());
}

// Without NVRTC and cached code the reason names both.
TEST(KernelCache, SaysWhatIsMissing) {
  FakeLauncher();
  const cuda::KernelCache empty("", "");
  const auto code = cuda::GetKernelCode(empty, "", Element::kBf16, 75);
  EXPECT_EQ(code.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(code.status().message().find("/nonexistent"), std::string::npos);
}

class Nvrtc : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("ARCTRM_NVRTC");
    const char* torch = std::getenv("ARCTRM_TEST_TORCH");
    places_ = cuda::NvrtcPlaces(torch == nullptr ? "" : torch);
    const bool found = cuda::CudaCompiler::Load(places_).ok();
    if (!found) GTEST_SKIP() << "no NVRTC here";
  }
  std::vector<std::string> places_;
};

class CompiledKernels : public Nvrtc,
                        public testing::WithParamInterface<int> {};

TEST_P(CompiledKernels, HaveAllNames) {
  const auto compiler = cuda::CudaCompiler::Load(places_);
  ASSERT_TRUE(compiler.ok()) << compiler.status();
  for (const Element element : kElements) {
    const auto code = compiler->Compile(element, GetParam());
    ASSERT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(code->substr(1, 3), "ELF");
    for (const char* name : cuda::kKernelNames) {
      EXPECT_NE(code->find(absl::StrCat(".text.", name)), std::string::npos)
          << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, CompiledKernels,
                         testing::Values(75, 80, 86, 89, 90, 100, 120));

// A GPU that NVRTC does not know gets PTX, which the driver compiles.
TEST_F(Nvrtc, ReturnsTextForNewerDevices) {
  const auto compiler = cuda::CudaCompiler::Load(places_);
  ASSERT_TRUE(compiler.ok()) << compiler.status();
  const auto code = compiler->Compile(Element::kBf16, 999);
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_NE(code->find(".entry rms_forward_1"), std::string::npos);
}

}  // namespace
}  // namespace arctrm::kernels
