// SPDX-License-Identifier: MIT
#include "solver/distributed/collective.h"

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <type_traits>
#include <utility>
#include <vector>
#ifdef USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/status.h"

namespace arctrm::internal {
namespace {

using StorePtr = c10::intrusive_ptr<c10d::Store>;

std::string Who(int rank, int size) {
  return absl::StrCat("rank ", rank, " of ", size);
}

std::chrono::milliseconds Milliseconds(absl::Duration d) {
  return std::chrono::milliseconds(
      std::max<int64_t>(1, absl::ToInt64Milliseconds(d)));
}

// The first line of a message of LibTorch or Gloo.
std::string FirstLine(const std::exception& error) {
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  const std::string text =
      torch != nullptr ? torch->what_without_backtrace() : error.what();
  return text.substr(0, text.find('\n'));
}

// A group of one.
class SingleProcess : public Collective {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void AllReduceSum(Tensor&) override {}
  Tensor AllGather(const Tensor& tensor) override {
    return tensor.unsqueeze(0);
  }
  void Broadcast(Tensor&) override {}
  void Barrier() override {}
};

// Calls `fn` with the addresses of `host` and `port` until it returns true.
// false if it never does.
template <typename Fn>
bool AnyAddress(const std::string& host, int port, int type, Fn&& fn) {
  addrinfo hints = {};
  hints.ai_socktype = type & ~SOCK_NONBLOCK;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found) !=
      0) {
    return false;
  }
  bool done = false;
  for (const addrinfo* at = found; at != nullptr && !done; at = at->ai_next) {
    const int fd = socket(at->ai_family, type | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    done = fn(fd, *at);
    close(fd);
  }
  freeaddrinfo(found);
  return done;
}

// Waits until rank 0 listens. LibTorch's own wait polls once a second and fills
// the log.
bool WaitForListener(const ProcessGroup& group, absl::Time deadline) {
  const auto answers = [](int fd, const addrinfo& address) {
    if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) return true;
    if (errno != EINPROGRESS) return false;
    pollfd wait = {fd, POLLOUT, 0};
    int error = 0;
    socklen_t length = sizeof(error);
    return poll(&wait, 1, 1000) == 1 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 &&
           error == 0;
  };
  while (!AnyAddress(group.address, group.port, SOCK_STREAM | SOCK_NONBLOCK,
                     answers)) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(20));
  }
  return true;
}

// Rank 0 owns the store. Each rank sets its mark there and waits for the marks
// of the others.
absl::StatusOr<StorePtr> Rendezvous(const ProcessGroup& group) {
  const std::string who = Who(group.rank, group.size);
  const std::string place = absl::StrCat(group.address, ":", group.port);
  const std::string limit = absl::FormatDuration(group.meet_timeout);
  const absl::Time deadline = absl::Now() + group.meet_timeout;
  const auto no_answer = [&](absl::string_view why) {
    return absl::UnavailableError(absl::StrCat(
        who, ": rank 0 did not answer at ", place, " within ", limit, why));
  };
  if (group.rank > 0 && !WaitForListener(group, deadline)) {
    return no_answer("; was it started?");
  }
  StorePtr store;
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(group.port);
    options.isServer = group.rank == 0;
    options.numWorkers = static_cast<std::size_t>(group.size);
    options.waitWorkers = false;
    options.timeout = Milliseconds(group.meet_timeout);
    store = c10::make_intrusive<c10d::TCPStore>(group.address, options);
  } catch (const std::exception& e) {
    if (group.rank > 0) return no_answer(absl::StrCat(" (", FirstLine(e), ")"));
    return absl::UnavailableError(absl::StrCat(who, ": can't listen at ", place,
                                               "; give another MASTER_PORT (",
                                               FirstLine(e), ")"));
  }
  const auto mark = [](int rank) { return absl::StrCat("arctrm/", rank); };
  std::vector<int> missing;
  try {
    if (store->add(mark(group.rank), 1) > 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "two processes at ", place, " are both ", who,
          "; give each process its own RANK, and each group its own "
          "MASTER_PORT"));
    }
    for (;;) {
      missing.clear();
      for (int rank = 0; rank < group.size; ++rank) {
        if (!store->check({mark(rank)})) missing.push_back(rank);
      }
      if (missing.empty()) return store;
      if (absl::Now() > deadline) break;
      absl::SleepFor(absl::Milliseconds(20));
    }
  } catch (const std::exception& e) {
    return absl::UnavailableError(absl::StrCat(who, ": lost rank 0 at ", place,
                                               " while waiting (", FirstLine(e),
                                               ")"));
  }
  return absl::UnavailableError(absl::StrCat(
      who, ": rank ", absl::StrJoin(missing, ", rank "), " did not connect to ",
      place, " within ", limit, "; were all started?"));
}

// Runs an operation and converts its exceptions to RankLost.
template <typename Fn>
void WrapAsRankLost(int rank, int size, absl::Duration timeout,
                    Fn&& operation) {
  try {
    std::forward<Fn>(operation)();
  } catch (const RankLost&) {
    throw;
  } catch (const std::exception& e) {
    throw RankLost(absl::StrCat(
        Who(rank, size), ": another rank is gone, or was more than ",
        absl::FormatDuration(timeout), " late (", FirstLine(e), ")"));
  }
}

#ifdef USE_C10D_GLOO

Tensor AsBytes(const Tensor& contiguous) {
  return contiguous.view({-1}).view(at::kByte);
}

// The local address for connections to `host`. Sends nothing.
std::string AddressTowards(const std::string& host) {
  std::array<char, NI_MAXHOST> text;
  const bool known =
      AnyAddress(host, 9, SOCK_DGRAM, [&](int fd, const addrinfo& address) {
        sockaddr_storage own = {};
        socklen_t length = sizeof(own);
        return connect(fd, address.ai_addr, address.ai_addrlen) == 0 &&
               getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) ==
                   0 &&
               getnameinfo(reinterpret_cast<sockaddr*>(&own), length,
                           text.data(), text.size(), nullptr, 0,
                           NI_NUMERICHOST) == 0;
      });
  return known ? text.data() : host;
}

class Gloo : public Collective {
 public:
  // May throw.
  Gloo(const ProcessGroup& group, const StorePtr& store) : group_(group) {
    auto options = c10d::ProcessGroupGloo::Options::create(
        Milliseconds(group.operation_timeout));
    options->threads = 1;  // operations never overlap
    const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
    options->devices.push_back(
        interface != nullptr
            ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
            : c10d::ProcessGroupGloo::createDeviceForHostname(
                  AddressTowards(group.address)));
    gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store, group.rank,
                                                        group.size, options);
  }

  int rank() const override { return group_.rank; }
  int size() const override { return group_.size; }

  void AllReduceSum(Tensor& tensor) override {
    OnHost(tensor, [&](Tensor& host) {
      std::vector<Tensor> tensors = {host};
      Run([&] { return gloo_->allreduce(tensors); });
    });
  }

  Tensor AllGather(const Tensor& tensor) override {
    const Tensor host = tensor.detach().to(at::kCPU).contiguous();
    std::vector<int64_t> shape = host.sizes().vec();
    shape.insert(shape.begin(), group_.size);
    const Tensor all = at::empty(shape, host.options());
    std::vector<std::vector<Tensor>> outputs(1);
    for (int rank = 0; rank < group_.size; ++rank) {
      outputs[0].push_back(AsBytes(all.select(0, rank)));
    }
    std::vector<Tensor> inputs = {AsBytes(host)};
    Run([&] { return gloo_->allgather(outputs, inputs); });
    return all.to(tensor.device());
  }

  void Broadcast(Tensor& tensor) override {
    OnHost(tensor, [&](Tensor& host) {
      std::vector<Tensor> tensors = {AsBytes(host)};
      Run([&] { return gloo_->broadcast(tensors); });
    });
  }

  void Barrier() override {
    Run([&] { return gloo_->barrier(); });
  }

 private:
  template <typename Fn>
  void Run(Fn&& start) {
    WrapAsRankLost(group_.rank, group_.size, group_.operation_timeout,
                   [&] { start()->wait(); });
  }

  template <typename Fn>
  static void OnHost(Tensor& tensor, Fn&& operation) {
    at::NoGradGuard no_grad;
    ARCTRM_CHECK(tensor.is_contiguous());
    Tensor host = tensor.detach().to(at::kCPU);
    std::forward<Fn>(operation)(host);
    if (!tensor.is_cpu()) tensor.copy_(host);
  }

  ProcessGroup group_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
};

#endif  // USE_C10D_GLOO

// The functions of NCCL that Nccl calls, declared here because builds rarely
// find the headers in a wheel. These declarations have not changed since
// NCCL 2.0.
struct NcclId {
  std::array<char, 128> bytes;
};
using NcclComm = void*;
constexpr int kNcclSuccess = 0;
constexpr int kNcclInProgress = 7;
constexpr int kNcclUint8 = 1;
constexpr int kNcclInt64 = 4;
constexpr int kNcclFloat32 = 7;
constexpr int kNcclFloat64 = 8;
constexpr int kNcclSum = 0;

struct NcclApi {
  int (*get_unique_id)(NcclId*) = nullptr;
  int (*comm_init_rank)(NcclComm*, int, NcclId, int) = nullptr;
  int (*comm_abort)(NcclComm) = nullptr;
  int (*comm_get_async_error)(NcclComm, int*) = nullptr;
  const char* (*get_error_string)(int) = nullptr;
  int (*all_reduce)(const void*, void*, size_t, int, int, NcclComm,
                    void*) = nullptr;
  int (*all_gather)(const void*, void*, size_t, int, NcclComm, void*) = nullptr;
  int (*broadcast)(const void*, void*, size_t, int, int, NcclComm,
                   void*) = nullptr;
};

absl::StatusOr<NcclApi> LoadNccl() {
  // Loading libtorch_cuda has also loaded its NCCL.
  void* library = dlopen("libnccl.so.2", RTLD_NOW | RTLD_GLOBAL);
  NcclApi api;
  std::string missing;
  const auto find = [&](const char* name, auto& function) {
    void* found = dlsym(library != nullptr ? library : RTLD_DEFAULT, name);
    if (found == nullptr) missing = name;
    std::memcpy(&function, &found, sizeof(found));
  };
  find("ncclGetUniqueId", api.get_unique_id);
  find("ncclCommInitRank", api.comm_init_rank);
  find("ncclCommAbort", api.comm_abort);
  find("ncclCommGetAsyncError", api.comm_get_async_error);
  find("ncclGetErrorString", api.get_error_string);
  find("ncclAllReduce", api.all_reduce);
  find("ncclAllGather", api.all_gather);
  find("ncclBroadcast", api.broadcast);
  if (!missing.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "training on several CUDA devices needs NCCL, but ", missing,
        " is missing; install the wheel nvidia-nccl for this torch, or train "
        "on "
        "one device"));
  }
  return api;
}

// torch before 2.11 has no native_handle(); the default stream's handle is
// null.
template <typename Stream, typename = void>
struct HasHandle : std::false_type {};
template <typename Stream>
struct HasHandle<
    Stream,
    std::void_t<decltype(std::declval<const Stream&>().native_handle())>>
    : std::true_type {};

template <typename Stream>
void* Handle(const Stream& stream) {
  if constexpr (HasHandle<Stream>::value) {
    return stream.native_handle();
  } else {
    return nullptr;
  }
}

class Nccl : public Collective {
 public:
  // May throw. All ranks have connected. If one dies during the constructor,
  // the others wait forever, because NCCL has no time limit here.
  Nccl(const ProcessGroup& group, at::Device device, c10d::Store& store,
       const NcclApi& api)
      : group_(group), device_(device), cuda_(at::kCUDA), api_(api) {
    const c10::DeviceGuard guard(device_);
    at::zeros({1}, at::device(device_));  // creates the device's context
    NcclId id;
    const std::string key = "arctrm/nccl";
    if (group.rank == 0) {
      Check(api_.get_unique_id(&id));
      store.set(key, std::vector<uint8_t>(id.bytes.begin(), id.bytes.end()));
    } else {
      const std::vector<uint8_t> bytes = store.get(key);
      if (bytes.size() != id.bytes.size()) throw RankLost("NCCL id damaged");
      std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
    }
    Check(api_.comm_init_rank(&comm_, group.size, id, group.rank));
  }
  // Abort never waits for other ranks, even after an error.
  ~Nccl() override {
    if (comm_ != nullptr) api_.comm_abort(comm_);
  }
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  int rank() const override { return group_.rank; }
  int size() const override { return group_.size; }

  void AllReduceSum(Tensor& tensor) override {
    OnDevice(tensor, [&](Tensor& t, void* stream) {
      const int type = t.scalar_type() == at::kDouble ? kNcclFloat64
                       : t.scalar_type() == at::kLong ? kNcclInt64
                                                      : kNcclFloat32;
      ARCTRM_CHECK(type != kNcclFloat32 || t.scalar_type() == at::kFloat);
      return api_.all_reduce(t.const_data_ptr(), t.mutable_data_ptr(),
                             static_cast<size_t>(t.numel()), type, kNcclSum,
                             comm_, stream);
    });
  }

  Tensor AllGather(const Tensor& tensor) override {
    at::NoGradGuard no_grad;
    Tensor own = tensor.detach().to(device_).contiguous();
    std::vector<int64_t> shape = own.sizes().vec();
    shape.insert(shape.begin(), group_.size);
    const Tensor all = at::empty(shape, own.options());
    OnDevice(own, [&](Tensor& t, void* stream) {
      return api_.all_gather(t.const_data_ptr(), all.mutable_data_ptr(),
                             static_cast<size_t>(t.nbytes()), kNcclUint8, comm_,
                             stream);
    });
    return all.to(tensor.device());
  }

  void Broadcast(Tensor& tensor) override {
    OnDevice(tensor, [&](Tensor& t, void* stream) {
      return api_.broadcast(t.const_data_ptr(), t.mutable_data_ptr(),
                            static_cast<size_t>(t.nbytes()), kNcclUint8, 0,
                            comm_, stream);
    });
  }

  void Barrier() override {
    Tensor one = at::zeros({1}, at::device(device_));
    AllReduceSum(one);
  }

 private:
  void Check(int result) const {
    if (result != kNcclSuccess && result != kNcclInProgress) {
      throw RankLost(absl::StrCat(Who(group_.rank, group_.size),
                                  ": NCCL: ", api_.get_error_string(result)));
    }
  }

  // Waits for the result. If another rank dies, the kernel never ends, and the
  // time limit aborts it.
  template <typename Fn>
  void OnDevice(Tensor& tensor, Fn&& start) {
    at::NoGradGuard no_grad;
    ARCTRM_CHECK(tensor.is_contiguous());
    const c10::DeviceGuard guard(device_);
    const c10::Stream current = cuda_.getStream(device_);
    Tensor own = tensor.detach().to(device_);
    const c10::Stream stream = HasHandle<c10::Stream>::value
                                   ? current
                                   : cuda_.getDefaultStream(device_);
    if (stream != current) cuda_.synchronizeStream(current);
    Check(std::forward<Fn>(start)(own, Handle(stream)));
    const absl::Time deadline = absl::Now() + group_.operation_timeout;
    for (int turn = 0; !cuda_.queryStream(stream); ++turn) {
      int error = kNcclSuccess;
      Check(api_.comm_get_async_error(comm_, &error));
      const bool late = absl::Now() > deadline;
      if (late || (error != kNcclSuccess && error != kNcclInProgress)) {
        api_.comm_abort(std::exchange(comm_, nullptr));
        throw RankLost(absl::StrCat(
            Who(group_.rank, group_.size), ": another rank is gone, or was ",
            "more than ", absl::FormatDuration(group_.operation_timeout),
            " late",
            late
                ? ""
                : absl::StrCat(" (NCCL: ", api_.get_error_string(error), ")")));
      }
      // Polls without pause at first: most operations take microseconds.
      if (turn > 1000) absl::SleepFor(absl::Microseconds(50));
    }
    if (tensor.device() != device_) tensor.copy_(own);
  }

  ProcessGroup group_;
  at::Device device_;
  c10::impl::VirtualGuardImpl cuda_;
  NcclApi api_;
  NcclComm comm_ = nullptr;
};

absl::StatusOr<std::unique_ptr<Collective>> Join(const ProcessGroup& group,
                                                 at::Device device) {
  NcclApi nccl;
  if (device.is_cuda()) {
    ARCTRM_ASSIGN_OR_RETURN(nccl, LoadNccl());
  } else if (!HasGloo()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "training in ", group.size,
        " processes on CPUs needs Gloo, but this program was built without it; "
        "install libgloo-dev and build again, or train in one process"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const StorePtr store, Rendezvous(group));
  std::unique_ptr<Collective> joined;
  WrapAsRankLost(group.rank, group.size, group.operation_timeout, [&] {
    if (device.is_cuda()) {
      joined = std::make_unique<Nccl>(group, device, *store, nccl);
    } else {
#ifdef USE_C10D_GLOO
      joined = std::make_unique<Gloo>(group, store);
#endif
    }
    // The store ends with rank 0, so all wait until every rank is connected.
    joined->Barrier();
  });
  return joined;
}

}  // namespace

bool HasGloo() {
#ifdef USE_C10D_GLOO
  return true;
#else
  return false;
#endif
}

absl::StatusOr<std::unique_ptr<Collective>> JoinProcessGroup(
    const ProcessGroup& group, at::Device device) {
  if (group.size == 1) return std::make_unique<SingleProcess>();
  ARCTRM_CHECK(group.rank >= 0 && group.rank < group.size);
  try {
    return Join(group, device);
  } catch (const RankLost& e) {
    return absl::UnavailableError(e.what());
  }
}

}  // namespace arctrm::internal
