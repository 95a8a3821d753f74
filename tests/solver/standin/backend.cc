// SPDX-License-Identifier: MIT
// Registers the stand-in with LibTorch: streams, events and memory.
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/alloc_cpu.h>
#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/solver/standin/counters.h"
#include "tests/solver/standin/host.h"
#include "tests/solver/standin/memory.h"
#include "tests/solver/standin/nccl.h"
#include "tests/solver/standin/recording.h"
#include "tests/solver/standin/standin.h"
#include "tests/solver/standin/streams.h"

namespace arctrm::standin {
namespace {

struct Event {
  Clock clock = {};
  bool recorded_in_capture = false;
};

class Guard final : public c10::impl::DeviceGuardImplInterface {
 public:
  static constexpr c10::DeviceType static_type = c10::kPrivateUse1;

  Guard() = default;
  explicit Guard(c10::DeviceType /*type*/) {}

  c10::DeviceType type() const override { return static_type; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  c10::Device getDevice() const override { return {static_type, 0}; }
  c10::Device exchangeDevice(c10::Device device) const override {
    setDevice(device);
    return getDevice();
  }
  void setDevice(c10::Device device) const override {
    TORCH_CHECK(device.index() <= 0, "standin: there is one device");
  }
  void uncheckedSetDevice(c10::Device /*device*/) const noexcept override {}

  c10::Stream getStream(c10::Device /*device*/) const override {
    return StreamOf(Streams::current());
  }
  c10::Stream getDefaultStream(c10::Device /*device*/) const override {
    return StreamOf(0);
  }
  c10::Stream getStreamFromGlobalPool(c10::Device /*device*/,
                                      bool /*high_priority*/) const override {
    return StreamOf(Streams::Get().New());
  }
  c10::Stream getNewStream(c10::Device /*device*/,
                           int /*priority*/) const override {
    return StreamOf(Streams::Get().New());
  }
  // Overrides a function that torch has from 2.11 on.
  void* getStreamNativeHandle(const c10::Stream stream) const {
    return reinterpret_cast<void*>(stream.id());
  }
  c10::Stream exchangeStream(c10::Stream stream) const override {
    return StreamOf(Streams::Exchange(stream.id()));
  }
  bool queryStream(const c10::Stream& stream) const override {
    if (Stalled()) return false;
    KnowDone(Streams::Get().Record(stream.id()));
    return true;
  }
  void synchronizeStream(const c10::Stream& stream) const override {
    Captures::Get().Forbid(stream.id(), "a wait of the host");
    WaitFor(Streams::Get().Record(stream.id()));
  }
  void synchronizeDevice(c10::DeviceIndex /*index*/) const override {
    Captures::Get().Forbid(Streams::current(), "a wait of the host");
    WaitFor(Streams::Get().Everything());
  }

  void record(void** event, const c10::Stream& stream,
              c10::DeviceIndex /*index*/,
              c10::EventFlag /*flag*/) const override {
    if (*event == nullptr) *event = new Event;
    *EventOf(*event) = {Streams::Get().Record(stream.id()),
                        Captures::Get().Of(stream.id()) != nullptr};
  }
  void block(void* event, const c10::Stream& stream) const override {
    const bool captured = Captures::Get().Of(stream.id()) != nullptr;
    TORCH_CHECK(EventOf(event)->recorded_in_capture == captured,
                "standin: a recording cannot wait for other streams, nor they "
                "for it");
    Streams::Get().Block(EventOf(event)->clock, stream.id());
  }
  bool queryEvent(void* event) const override {
    if (Stalled()) return false;
    KnowDone(EventOf(event)->clock);
    return true;
  }
  void synchronizeEvent(void* event) const override {
    TORCH_CHECK(!EventOf(event)->recorded_in_capture,
                "standin: the host cannot wait for a recording");
    WaitFor(EventOf(event)->clock);
  }
  void destroyEvent(void* event,
                    c10::DeviceIndex /*index*/) const noexcept override {
    delete static_cast<Event*>(event);
  }
  void recordDataPtrOnStream(const c10::DataPtr& data,
                             const c10::Stream& stream) const override {
    auto* block = static_cast<Block*>(data.get_context());
    if (block != nullptr) Arena::Get().Share(block, stream.id());
  }

 private:
  static c10::Stream StreamOf(c10::StreamId id) {
    return c10::Stream(c10::Stream::UNSAFE, c10::Device(static_type, 0), id);
  }
  static Event* EventOf(void* event) { return static_cast<Event*>(event); }
};

class Hooks final : public at::PrivateUse1HooksInterface {
 public:
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex /*index*/) const override {
    return true;
  }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  void setCurrentDevice(c10::DeviceIndex /*index*/) const override {}
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex /*index*/) const override {
    return 0;
  }
  c10::DeviceIndex maybeExchangeDevice(
      c10::DeviceIndex /*index*/) const override {
    return 0;
  }
  bool isPinnedPtr(const void* address) const override {
    return IsPinned(address);
  }
  c10::Allocator* getPinnedMemoryAllocator() const override {
    return PinnedAllocator();
  }
  void resizePrivateUse1Bytes(const c10::Storage& storage,
                              size_t bytes) const override {
    c10::DataPtr larger = DeviceAllocator()->allocate(bytes);
    const size_t kept = std::min(bytes, storage.nbytes());
    if (kept > 0) {
      DeviceAllocator()->copy_data(larger.get(), storage.data(), kept);
    }
    c10::StorageImpl* own = storage.unsafeGetStorageImpl();
    own->set_data_ptr_noswap(std::move(larger));
    own->set_nbytes(bytes);
  }
};

class Device final : public StandIn {
 public:
  Counts counts() const override { return Counters::Get().counts(); }
  std::map<std::string, int64_t> operations() const override {
    return Counters::Get().operations();
  }
  void ResetCounts() override { Counters::Get().Reset(); }
  size_t peak_bytes() const override { return Arena::Get().peak_bytes(); }
  void ResetPeak() override { Arena::Get().ResetPeak(); }
  void LimitMemory(size_t bytes) override { Arena::Get().Limit(bytes); }
  void BeginRecording(const c10::Stream& stream) override {
    Captures::Get().Begin(stream.id());
  }
  std::shared_ptr<Recording> EndRecording(const c10::Stream& stream) override {
    return Captures::Get().End(stream.id());
  }
};

struct sigaction previous = {};

// Says why the process ends if the host touched memory of the device.
void OnFault(int number, siginfo_t* fault, void* /*context*/) {
  if (Arena::Get().Contains(fault->si_addr)) {
    constexpr char kText[] = "standin: the host touched memory of the device\n";
    static_cast<void>(write(STDERR_FILENO, kText, sizeof(kText) - 1));
    std::array<void*, 64> frames = {};
    backtrace_symbols_fd(frames.data(), backtrace(frames.data(), frames.size()),
                         STDERR_FILENO);
  }
  // The access is repeated and faults again.
  sigaction(number, &previous, nullptr);
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

const bool kRegistered = [] {
  c10::SetAllocator(c10::kPrivateUse1, DeviceAllocator());
  c10::register_privateuse1_backend("standin");
  at::RegisterPrivateUse1HooksInterface(new Hooks);
  struct sigaction action = {};
  action.sa_sigaction = OnFault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &previous);
  return true;
}();

}  // namespace
}  // namespace arctrm::standin

arctrm::standin::StandIn* arctrm_standin() {
  static arctrm::standin::Device device;
  return &device;
}
