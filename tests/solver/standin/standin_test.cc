// SPDX-License-Identifier: MIT
// The stand-in finds the errors that it is made for.
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstring>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/device/device.h"
#include "solver/device/transfer.h"
#include "solver/device_list.h"
#include "tests/solver/on_test_device.h"
#include "tests/solver/standin/recorder.h"

namespace arctrm::standin {
namespace {

using at::Tensor;
using internal::NewStream;
using internal::OnTestDevice;
using internal::TestDevice;
using internal::WaitFor;
using testing::HasSubstr;

// The message of the exception that `fn` throws; "" if it throws none.
std::string ErrorOf(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const c10::Error& e) {
    return e.what_without_backtrace();
  }
  return "";
}

at::TensorOptions Here() { return at::TensorOptions(TestDevice()); }

TEST(StandInDevice, IsNamedByItsLibraryOnly) {
  const std::string path = StandInLibrary();
  EXPECT_EQ(TestDevice().type(), at::kPrivateUse1);
  EXPECT_TRUE(DeviceList("standin,standin", 0).ok());
  EXPECT_THAT(std::string(DeviceList("standin,cpu", 0).status().message()),
              HasSubstr("can't use both"));
  unsetenv("ARCTRM_STANDIN");
  EXPECT_FALSE(DeviceList("standin", 0).ok());
  EXPECT_FALSE(internal::OpenDevice({"standin", 1}).ok());
  setenv("ARCTRM_STANDIN", path.c_str(), 1);
}

TEST(StandInDeathTest, TheHostCannotTouchItsMemory) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const Tensor x = at::ones({4}, Here());
  const volatile float* read = x.const_data_ptr<float>();
  EXPECT_DEATH(static_cast<void>(*read),
               "the host touched memory of the device");
  EXPECT_DEATH(x.mutable_data_ptr<float>()[3] = 1,
               "the host touched memory of the device");
}

TEST(StandInDevice, FreshMemoryHoldsGarbage) {
  EXPECT_GT(at::empty({3}, Here()).abs().min().item<float>(), 1e38f);
  EXPECT_GT(at::empty({3}, Here().dtype(at::kLong)).min().item<int64_t>(),
            int64_t{1} << 60);
}

TEST(StandInDevice, OperandsOfSeveralDevicesAreRefused) {
  const Tensor here = at::ones({2, 3}, Here());
  const Tensor host = at::ones({2, 3});
  EXPECT_THAT(ErrorOf([&] { here + host; }), HasSubstr("same device"));
  EXPECT_THAT(ErrorOf([&] {
                at::cat({here, host});
              }),
              HasSubstr("several devices"));
  EXPECT_THAT(ErrorOf([&] { here.index_select(0, at::zeros({1}, at::kLong)); }),
              HasSubstr("several devices"));
  // Numbers of the host are allowed element by element only.
  EXPECT_EQ(ErrorOf([&] { here + at::ones({}); }), "");
  EXPECT_THAT(ErrorOf([&] { at::dot(here[0], at::ones({})); }),
              HasSubstr("several devices"));
}

TEST(StandInDevice, ComputesViewsCopiesAndSizes) {
  const Tensor x = OnTestDevice(at::arange(6).view({2, 3}));
  const Tensor host = at::arange(6).view({2, 3});
  const auto same = [](const Tensor& a, const Tensor& b) {
    return at::equal(a.to(at::kCPU), b);
  };
  EXPECT_TRUE(same(x.t().narrow(0, 1, 2), host.t().narrow(0, 1, 2)));
  EXPECT_TRUE(same(x.t().contiguous(), host.t().contiguous()));
  EXPECT_TRUE(same(x.to(at::kDouble) / 4, host.to(at::kDouble) / 4));
  EXPECT_TRUE(same(at::arange(5, Here()), at::arange(5)));
  EXPECT_TRUE(same(at::nonzero(x > 2), at::nonzero(host > 2)));
  EXPECT_TRUE(same(at::empty({0}, Here().dtype(at::kLong)).resize_({0, 7}),
                   at::empty({0, 7}, at::kLong)));
  Tensor grown = x.clone();
  grown.view({-1}).narrow(0, 0, 4).fill_(9);
  EXPECT_EQ(grown.sum().item<int64_t>(), 4 * 9 + 4 + 5);
  EXPECT_THAT(ErrorOf([&] { at::view_as_real(at::ones({2}, Here())); }),
              HasSubstr("complex"));
}

class StandInStreams : public testing::Test {
 protected:
  void TearDown() override {
    c10::impl::VirtualGuardImpl(TestDevice().type()).synchronizeDevice(0);
  }
  const c10::Stream default_ = internal::CurrentStream(TestDevice());
  const c10::Stream other_ = NewStream(TestDevice());
};

TEST_F(StandInStreams, AReadMustWaitForTheWriter) {
  const Tensor x = at::ones({4}, Here());
  const c10::StreamGuard guard(other_);
  EXPECT_THAT(ErrorOf([&] { x + 1; }),
              HasSubstr("reads the result of aten::fill_ on stream 0 without "
                        "waiting for it"));
  WaitFor(default_, other_);
  EXPECT_EQ(ErrorOf([&] { x + 1; }), "");
}

TEST_F(StandInStreams, AWaitOfTheHostCounts) {
  const Tensor x = at::ones({4}, Here());
  EXPECT_EQ(x.sum().item<float>(), 4);
  const c10::StreamGuard guard(other_);
  EXPECT_EQ(ErrorOf([&] { x + 1; }), "");
}

TEST_F(StandInStreams, AWriteMustWaitForReaders) {
  Tensor x = at::ones({4}, Here());
  WaitFor(default_, other_);
  {
    const c10::StreamGuard guard(other_);
    x + 1;
  }
  EXPECT_THAT(ErrorOf([&] { x.zero_(); }), HasSubstr("may still read"));
  WaitFor(other_, default_);
  EXPECT_EQ(ErrorOf([&] { x.zero_(); }), "");
}

TEST_F(StandInStreams, ReleasedMemoryMustNotBeInUse) {
  constexpr int64_t kSize = 12345;  // of no other tensor
  const auto use_and_release = [&](bool shared) {
    const Tensor x = at::ones({kSize}, Here());
    WaitFor(default_, other_);
    const c10::StreamGuard guard(other_);
    x + 1;
    if (shared) {
      c10::impl::VirtualGuardImpl(TestDevice().type())
          .recordDataPtrOnStream(x.storage().data_ptr(), other_);
    }
  };
  use_and_release(false);
  EXPECT_THAT(ErrorOf([&] { at::ones({kSize}, Here()); }),
              HasSubstr("may still read"));
  WaitFor(other_, default_);
  use_and_release(true);
  EXPECT_EQ(ErrorOf([&] { at::ones({kSize}, Here()); }), "");
}

TEST(StandInTransfers, ArriveWhenTheHostWaits) {
  const Tensor x = at::full({3}, 5, Here());
  const Tensor host = at::empty({3}, at::device(at::kCPU).pinned_memory(true));
  ASSERT_TRUE(host.is_pinned());
  host.copy_(x, /*non_blocking=*/true);
  EXPECT_NE(host.const_data_ptr<float>()[0], 5);
  c10::Event event(TestDevice().type());
  event.record(internal::CurrentStream(TestDevice()));
  event.synchronize();
  EXPECT_TRUE(at::equal(host, at::full({3}, 5.0f)));
}

TEST(StandInTransfers, PinnedMemoryMustNotChangeMeanwhile) {
  const Tensor host = at::ones({3}).pin_memory();
  const Tensor x = host.to(TestDevice(), /*non_blocking=*/true);
  host.fill_(2);
  EXPECT_THAT(ErrorOf([&] { x.sum().item<float>(); }),
              HasSubstr("pinned memory changed"));
}

TEST(StandInCounts, OperationsCopiesAndWaits) {
  Opened().ResetCounts();
  const Tensor x = at::ones({2, 2}, Here());         // fill_
  const Tensor y = x.t().matmul(x).to(at::kDouble);  // mm, copy
  Counts counts = Opened().counts();
  EXPECT_EQ(counts.operations, 3);
  EXPECT_EQ(Opened().operations()["aten::mm"], 1);
  EXPECT_EQ(counts.waits + counts.copies_to_device + counts.copies_to_host, 0);
  internal::ToDevice(at::ones({3}), TestDevice());
  EXPECT_EQ(Opened().counts().copies_to_device, 1);
  EXPECT_EQ(Opened().counts().waits, 0);
  at::ones({3}).to(TestDevice());
  EXPECT_EQ(Opened().counts().copies_to_device, 2);
  EXPECT_EQ(Opened().counts().waits, 1);
  y.to(at::kCPU);
  EXPECT_EQ(Opened().counts().copies_to_host, 1);
  EXPECT_EQ(Opened().counts().waits, 2);
  at::nonzero(y);
  at::equal(y, y);
  EXPECT_EQ(Opened().counts().waits, 4);
}

TEST(StandInMemory, HasAPeakAndALimit) {
  Opened().ResetPeak();
  const size_t before = Opened().peak_bytes();
  constexpr int64_t kMiB = 1 << 20;
  at::empty({kMiB}, Here().dtype(at::kByte));
  EXPECT_EQ(Opened().peak_bytes(), before + kMiB);
  Opened().LimitMemory(before + kMiB);
  const auto take = [&] {
    return internal::CatchTorch([&] {
      at::empty({2 * kMiB}, Here().dtype(at::kByte));
      return absl::OkStatus();
    });
  };
  EXPECT_EQ(take().code(), absl::StatusCode::kResourceExhausted);
  Opened().LimitMemory(0);
  EXPECT_TRUE(take().ok());
}

TEST(StandInRecording, RepeatsItsOperationsInTheSameMemory) {
  const auto recorder = MakeRecorder();
  Tensor in = OnTestDevice(at::tensor({1.0f, 2.0f}));
  Tensor sum = at::zeros({2}, Here());
  Tensor out;
  const auto work = [&] {
    out = in * at::arange(2, Here());
    sum.add_(out);
  };
  recorder->Run(work);
  const auto recording = recorder->Record(work);
  ASSERT_TRUE(recording.ok()) << recording.status();
  // Recording changes nothing, and its results are garbage.
  EXPECT_EQ(sum.sum().item<float>(), 2);
  EXPECT_GT(out.abs().min().item<float>(), 1e38f);
  in.fill_(3);
  Opened().ResetCounts();
  (*recording)->Replay();
  EXPECT_EQ(Opened().counts().operations, 0);
  EXPECT_EQ(Opened().counts().replays, 1);
  EXPECT_TRUE(at::equal(out.to(at::kCPU), at::tensor({0.0f, 3.0f})));
  (*recording)->Replay();
  EXPECT_TRUE(at::equal(sum.to(at::kCPU), at::tensor({0.0f, 8.0f})));
}

TEST(StandInRecording, RefusesWaitsAndCopiesOfTheHost) {
  const auto recorder = MakeRecorder();
  const Tensor x = at::ones({3}, Here());
  const auto problem = [&](const std::function<void()>& work) {
    recorder->Run([] {});
    return std::string(recorder->Record(work).status().message());
  };
  EXPECT_EQ(problem([&] { x + 1; }), "");
  EXPECT_THAT(problem([&] { x.sum().item<float>(); }),
              HasSubstr("not possible while"));
  EXPECT_THAT(problem([&] { at::nonzero(x); }),
              HasSubstr("not possible while"));
  EXPECT_THAT(problem([&] { internal::ToDevice(at::ones({3}), TestDevice()); }),
              HasSubstr("not possible while"));
  const c10::Stream other = NewStream(TestDevice());
  EXPECT_THAT(
      problem([&] { WaitFor(other, internal::CurrentStream(TestDevice())); }),
      HasSubstr("cannot wait for other streams"));
  EXPECT_EQ((x + 1).sum().item<float>(), 6);
}

}  // namespace
}  // namespace arctrm::standin
