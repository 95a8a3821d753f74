// SPDX-License-Identifier: MIT
#include "tests/solver/standin/host.h"

#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/solver/standin/counters.h"
#include "tests/solver/standin/memory.h"
#include "tests/solver/standin/recording.h"

namespace arctrm::standin {
namespace {

// A copy that is under way. It owns the memory of both sides.
struct Transfer {
  c10::StreamId stream = 0;
  int64_t time = 0;
  at::Tensor pinned;
  at::Tensor content;  // at the start of the copy, contiguous
  bool to_host = false;
};

class Transfers {
 public:
  static Transfers& Get() {
    static auto& transfers = *new Transfers;
    return transfers;
  }

  void Add(Transfer transfer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    under_way_.push_back(std::move(transfer));
  }

  // Completes all copies that are done.
  void Arrive(const Clock& done) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Transfer> rest;
    for (Transfer& transfer : std::exchange(under_way_, {})) {
      if (transfer.time > done[static_cast<size_t>(transfer.stream)]) {
        rest.push_back(std::move(transfer));
        continue;
      }
      void* pinned = transfer.pinned.mutable_data_ptr();
      const void* content = transfer.content.const_data_ptr();
      if (transfer.to_host) {
        std::memcpy(pinned, content, transfer.content.nbytes());
      } else {
        TORCH_CHECK(
            std::memcmp(pinned, content, transfer.content.nbytes()) == 0,
            "standin: pinned memory changed while it was copied to the device");
      }
    }
    under_way_ = std::move(rest);
  }

 private:
  std::mutex mutex_;
  std::vector<Transfer> under_way_;
};

bool CanBeUnderWay(const at::Tensor& host, bool non_blocking) {
  return non_blocking && host.is_pinned() && host.is_contiguous();
}

// An empty tensor of the same size.
at::Tensor Unpinned(const at::Tensor& host) {
  return at::empty(host.sizes(), host.options().pinned_memory(false));
}

}  // namespace

void KnowDone(const Clock& event) {
  Transfers::Get().Arrive(Streams::Get().Finish(event));
}

void WaitFor(const Clock& event) {
  Counters::Get().Add(&Counts::waits);
  KnowDone(event);
}

void WaitForCurrentStream(const char* what) {
  const c10::StreamId stream = Streams::current();
  Captures::Get().Forbid(stream, what);
  WaitFor(Streams::Get().Record(stream));
}

void CopyToHost(const at::Tensor& from, const at::Tensor& to,
                bool non_blocking) {
  if (from.numel() == 0) return;
  const c10::StreamId stream = Streams::current();
  Captures::Get().Forbid(stream, "a copy to the host");
  Counters::Get().Add(&Counts::copies_to_host);
  Streams& streams = Streams::Get();
  const int64_t time = streams.Begin();
  if (Block* block = BlockOf(from)) {
    streams.Read("a copy to the host", time, block->uses);
  }
  if (!CanBeUnderWay(to, non_blocking)) {
    to.copy_(HostView(from));
    WaitForCurrentStream("a copy to the host");
    return;
  }
  Transfer transfer = {stream, time, to, Unpinned(to), true};
  transfer.content.copy_(HostView(from));
  std::memset(to.mutable_data_ptr(), kGarbage, to.nbytes());
  Transfers::Get().Add(std::move(transfer));
}

void CopyToDevice(const at::Tensor& from, const at::Tensor& to,
                  bool non_blocking) {
  if (from.numel() == 0) return;
  const c10::StreamId stream = Streams::current();
  Captures::Get().Forbid(stream, "a copy to the device");
  Counters::Get().Add(&Counts::copies_to_device);
  Streams& streams = Streams::Get();
  const int64_t time = streams.Begin();
  if (Block* block = BlockOf(to)) {
    streams.Write("a copy to the device", time, block->uses);
  }
  HostView(to).copy_(from);
  if (!CanBeUnderWay(from, non_blocking)) {
    WaitForCurrentStream("a copy to the device");
    return;
  }
  Transfers::Get().Add({stream, time, from, Unpinned(from).copy_(from), false});
}

}  // namespace arctrm::standin
