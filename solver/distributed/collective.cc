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
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
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
#include "solver/device/device.h"

namespace arctrm::internal {
namespace {

using StorePtr = c10::intrusive_ptr<c10d::Store>;

std::string DeviceKey(int rank) { return absl::StrCat("device/", rank); }

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

// The device of this rank for CheckRankDevices.
std::string RankDevice(at::Device device) {
  const std::string kind = c10::DeviceTypeName(device.type(), true);
  if (!device.is_cuda()) return kind;
  const auto info = DescribeCudaDevice(device.index());
  return !info.has_value() || info->uuid.empty()
             ? kind
             : absl::StrCat(kind, " ", info->uuid);
}

// Compares the devices of all ranks, which have set their marks.
absl::Status CheckDevices(const ProcessGroup& group, c10d::Store& store) {
  std::vector<std::string> devices;
  for (int rank = 0; rank < group.size; ++rank) {
    const std::vector<uint8_t> bytes = store.get(DeviceKey(rank));
    devices.emplace_back(bytes.begin(), bytes.end());
  }
  return CheckRankDevices(devices);
}

// Keeps the keys of this group apart from those of the launcher, of its earlier
// attempts, and of the groups that these processes joined before.
StorePtr WithPrefix(const ProcessGroup& group, StorePtr store) {
  static std::atomic<int> joined = 0;
  return c10::make_intrusive<c10d::PrefixStore>(
      absl::StrCat("arctrm/", group.restart, "/", ++joined), std::move(store));
}

// The store belongs to rank 0 or to the launcher. Each rank sets its device and
// its mark there and waits for the marks of the others.
absl::StatusOr<StorePtr> Rendezvous(const ProcessGroup& group,
                                    at::Device device) {
  const std::string who = Who(group.rank, group.size);
  const std::string place = absl::StrCat(group.address, ":", group.port);
  const std::string limit = absl::FormatDuration(group.meet_timeout);
  const absl::Time deadline = absl::Now() + group.meet_timeout;
  const auto no_answer = [&](absl::string_view why) {
    return absl::UnavailableError(
        absl::StrCat(who, ": ", group.launcher_listens ? "torchrun" : "rank 0",
                     " did not answer at ", place, " within ", limit, why));
  };
  const bool listens = group.rank == 0 && !group.launcher_listens;
  if (!listens && !WaitForListener(group, deadline)) {
    return no_answer("; was it started?");
  }
  StorePtr store;
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(group.port);
    options.isServer = listens;
    options.numWorkers = static_cast<std::size_t>(group.size);
    options.waitWorkers = false;
    options.timeout = Milliseconds(group.meet_timeout);
    store = WithPrefix(
        group, c10::make_intrusive<c10d::TCPStore>(group.address, options));
  } catch (const std::exception& e) {
    if (!listens) return no_answer(absl::StrCat(" (", FirstLine(e), ")"));
    return absl::UnavailableError(absl::StrCat(who, ": can't listen at ", place,
                                               "; give another MASTER_PORT (",
                                               FirstLine(e), ")"));
  }
  const auto mark = [](int rank) { return absl::StrCat("rank/", rank); };
  std::vector<int> missing;
  try {
    const std::string own = RankDevice(device);
    store->set(DeviceKey(group.rank),
               std::vector<uint8_t>(own.begin(), own.end()));
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
      if (missing.empty()) {
        ARCTRM_RETURN_IF_ERROR(CheckDevices(group, *store));
        return store;
      }
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

// A group of several ranks with their store.
class StoredGroup : public Collective {
 public:
  StoredGroup(const ProcessGroup& group, StorePtr store)
      : group_(group), store_(std::move(store)) {}
  int rank() const override { return group_.rank; }
  int size() const override { return group_.size; }

  void AskToStop() override {
    try {
      store_->set(kStopKey, std::vector<uint8_t>{1});
    } catch (const std::exception&) {
      // Rank 0 has ended, which the next operation notices.
    }
  }
  bool StopAsked() override {
    // A question to the store takes some 100 microseconds.
    constexpr absl::Duration kInterval = absl::Milliseconds(200);
    const absl::Time now = absl::Now();
    if (now - asked_ < kInterval) return false;
    asked_ = now;
    bool stop = false;
    Guarded([&] { stop = store_->check({kStopKey}); });
    return stop;
  }

 protected:
  // Runs `operation` and converts its exceptions to RankLost.
  template <typename Fn>
  void Guarded(Fn&& operation) const {
    WrapAsRankLost(group_.rank, group_.size, group_.operation_timeout,
                   std::forward<Fn>(operation));
  }

  // The store ends with rank 0, which therefore waits a moment until the others
  // have read its last message and leave too.
  void Leave() noexcept {
    constexpr absl::Duration kPatience = absl::Seconds(10);
    try {
      const auto all = static_cast<int64_t>(group_.size);
      int64_t left = store_->add(kLeftKey, 1);
      if (group_.rank > 0 || group_.launcher_listens) return;
      const absl::Time limit = absl::Now() + kPatience;
      while (left < all && absl::Now() < limit) {
        absl::SleepFor(absl::Milliseconds(1));
        left = store_->add(kLeftKey, 0);
      }
    } catch (const std::exception&) {
      // Rank 0 has ended.
    }
  }

  const ProcessGroup group_;
  const StorePtr store_;

 private:
  static constexpr char kStopKey[] = "stop";
  static constexpr char kLeftKey[] = "left";
  absl::Time asked_ = absl::InfinitePast();
};

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

class Gloo : public StoredGroup {
 public:
  // May throw.
  Gloo(const ProcessGroup& group, const StorePtr& store)
      : StoredGroup(group, store) {
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
    Guarded([&] { start()->wait(); });
  }

  template <typename Fn>
  static void OnHost(Tensor& tensor, Fn&& operation) {
    at::NoGradGuard no_grad;
    ARCTRM_CHECK(tensor.is_contiguous());
    Tensor host = tensor.detach().to(at::kCPU);
    std::forward<Fn>(operation)(host);
    if (!tensor.is_cpu()) tensor.copy_(host);
  }

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

// Tests name a library with NCCL's functions for the stand-in device.
const char* TestNccl() { return std::getenv("ARCTRM_TEST_NCCL"); }

// Do process groups on `device` use NCCL?
bool UsesNccl(at::Device device) {
  return device.is_cuda() || (!device.is_cpu() && TestNccl() != nullptr);
}

absl::StatusOr<NcclApi> LoadNccl() {
  // Loading libtorch_cuda has also loaded its NCCL.
  void* library = TestNccl() != nullptr
                      ? dlopen(TestNccl(), RTLD_NOW | RTLD_LOCAL)
                      : dlopen("libnccl.so.2", RTLD_NOW | RTLD_GLOBAL);
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

class Nccl : public StoredGroup {
 public:
  // May throw. All ranks have connected. If one dies during the constructor,
  // the others wait forever, because NCCL has no time limit here.
  Nccl(const ProcessGroup& group, at::Device device, const StorePtr& store,
       const NcclApi& api)
      : StoredGroup(group, store),
        device_(device),
        guard_(device.type()),
        api_(api) {
    const c10::DeviceGuard guard(device_);
    at::zeros({1}, at::device(device_));  // creates the device's context
    NcclId id;
    const std::string key = "nccl";
    if (group.rank == 0) {
      Check(api_.get_unique_id(&id));
      store_->set(key, std::vector<uint8_t>(id.bytes.begin(), id.bytes.end()));
    } else {
      const std::vector<uint8_t> bytes = store_->get(key);
      if (bytes.size() != id.bytes.size()) throw RankLost("NCCL id damaged");
      std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
    }
    Check(api_.comm_init_rank(&comm_, group.size, id, group.rank));
  }
  // Abort never waits for other ranks, even after an error.
  ~Nccl() override {
    if (comm_ == nullptr) return;
    Leave();
    api_.comm_abort(comm_);
  }
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

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
    if (tensor.device() == device_) return all;
    Finish();
    return all.to(tensor.device());
  }

  void Broadcast(Tensor& tensor) override {
    if (tensor.is_cpu()) return BroadcastByStore(tensor);
    OnDevice(tensor, [&](Tensor& t, void* stream) {
      return api_.broadcast(t.const_data_ptr(), t.mutable_data_ptr(),
                            static_cast<size_t>(t.nbytes()), kNcclUint8, 0,
                            comm_, stream);
    });
  }

  void Barrier() override {
    Tensor one = at::zeros({1}, at::device(device_));
    AllReduceSum(one);
    Finish();
  }

  const Tensor& WaitFor(HostCopy& copy) override {
    Await([&copy] { return copy.Arrived(); });
    return copy.Wait();
  }

  void Finish() override {
    const c10::Stream stream = guard_.getStream(device_);
    Await([&] { return guard_.queryStream(stream); });
  }

 private:
  void Check(int result) const {
    if (result != kNcclSuccess && result != kNcclInProgress) {
      throw RankLost(absl::StrCat(Who(group_.rank, group_.size),
                                  ": NCCL: ", api_.get_error_string(result)));
    }
  }

  // Queues an operation. Waits for its result if `tensor` is not on the device.
  template <typename Fn>
  void OnDevice(Tensor& tensor, Fn&& start) {
    at::NoGradGuard no_grad;
    ARCTRM_CHECK(tensor.is_contiguous());
    const c10::DeviceGuard guard(device_);
    const c10::Stream current = guard_.getStream(device_);
    Tensor own = tensor.detach().to(device_);
    const c10::Stream stream = HasHandle<c10::Stream>::value
                                   ? current
                                   : guard_.getDefaultStream(device_);
    if (stream != current) guard_.synchronizeStream(current);
    Check(std::forward<Fn>(start)(own, Handle(stream)));
    if (stream == current && tensor.device() == device_) return;
    Await([&] { return guard_.queryStream(stream); });
    if (tensor.device() != device_) tensor.copy_(own);
  }

  // Waits until `done` returns true. If another rank dies, queued operations
  // never end; the time limit aborts them.
  template <typename Done>
  void Await(Done&& done) {
    const absl::Time deadline = absl::Now() + group_.operation_timeout;
    for (int turn = 0; !done(); ++turn) {
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
  }

  // The device need not be idle for this, unlike a transfer through it.
  void BroadcastByStore(Tensor& tensor) {
    ARCTRM_CHECK(tensor.is_contiguous());
    const auto key = [](int64_t number) {
      return absl::StrCat("broadcast/", number);
    };
    auto* data = static_cast<uint8_t*>(tensor.mutable_data_ptr());
    ++broadcasts_;
    Guarded([&] {
      if (group_.rank == 0) {
        store_->set(key(broadcasts_),
                    std::vector<uint8_t>(data, data + tensor.nbytes()));
        // No rank is this far behind.
        constexpr int64_t kKept = 100;
        if (broadcasts_ > kKept) store_->deleteKey(key(broadcasts_ - kKept));
        return;
      }
      store_->wait({key(broadcasts_)}, Milliseconds(group_.operation_timeout));
      const std::vector<uint8_t> bytes = store_->get(key(broadcasts_));
      TORCH_CHECK(bytes.size() == tensor.nbytes(), "a broadcast of other size");
      std::memcpy(data, bytes.data(), bytes.size());
    });
  }

  at::Device device_;
  c10::impl::VirtualGuardImpl guard_;
  NcclApi api_;
  NcclComm comm_ = nullptr;
  int64_t broadcasts_ = 0;
};

absl::StatusOr<std::unique_ptr<Collective>> Join(const ProcessGroup& group,
                                                 at::Device device) {
  NcclApi nccl;
  if (UsesNccl(device)) {
    ARCTRM_ASSIGN_OR_RETURN(nccl, LoadNccl());
  } else if (!HasGloo()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "training in ", group.size,
        " processes on CPUs needs Gloo, but this program was built without it; "
        "install libgloo-dev and build again, or train in one process"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const StorePtr store, Rendezvous(group, device));
  std::unique_ptr<Collective> joined;
  WrapAsRankLost(group.rank, group.size, group.operation_timeout, [&] {
    if (UsesNccl(device)) {
      joined = std::make_unique<Nccl>(group, device, store, nccl);
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
