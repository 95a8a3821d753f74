// SPDX-License-Identifier: MIT
#include "pipeline/training_ranks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <utility>

#include "base/exceptions.h"
#include "base/status.h"
#include "pipeline/frames.h"
#include "pipeline/messages.h"

namespace arctrm {
namespace {

// The report that a rank is missing may come before the pipe of that rank
// breaks.
constexpr absl::Duration kBlamePatience = absl::Seconds(1);

// Whether the error of Train() only says that another rank is missing.
bool MissesAnother(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsAborted(status);
}

}  // namespace

absl::StatusOr<int> FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus(errno, "opening a socket on", "127.0.0.1");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool good =
      bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int error = errno;
  close(fd);
  if (!good) return ErrnoStatus(error, "finding a free port on", "127.0.0.1");
  return static_cast<int>(ntohs(address.sin_port));
}

TrainingRanks::~TrainingRanks() {
  // The readers end because the pipes break.
  for (const auto& process : processes_) process->Signal(SIGKILL);
  for (std::thread& reader : readers_) reader.join();
}

absl::Status TrainingRanks::Add(const SubprocessOptions& options,
                                const std::string& request,
                                const Deadline& deadline) {
  ARCTRM_ASSIGN_OR_RETURN(std::unique_ptr<Subprocess> process,
                          Subprocess::Start(options));
  ARCTRM_RETURN_IF_ERROR(SendFrame(*process, request, deadline));
  processes_.push_back(std::move(process));
  return absl::OkStatus();
}

void TrainingRanks::Listen() {
  for (size_t rank = 0; rank < processes_.size(); ++rank) {
    readers_.emplace_back([this, rank] { Read(rank); });
  }
}

std::optional<TrainingRanks::Event> TrainingRanks::Next(
    absl::Duration patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMicroseconds(patience),
                    [this] { return !events_.empty(); });
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

TrainingRanks::Fault TrainingRanks::Blame(size_t rank,
                                          const absl::Status& error) {
  if (!MissesAnother(error)) return {error, rank};
  std::set<size_t> reported = {rank};
  const Deadline patience(RealClock(), kBlamePatience);
  while (!patience.Passed()) {
    const std::optional<Event> next =
        Next(std::max(absl::ZeroDuration(), patience.Remaining()));
    if (!next.has_value()) break;
    if (next->message.ok()) {
      const absl::Status other = ErrorOf(*next->message);
      if (other.ok()) continue;
      if (!MissesAnother(other)) return {other, next->rank};
      reported.insert(next->rank);
    } else if (reported.count(next->rank) == 0) {
      return {next->message.status(), next->rank};
    }
  }
  return {error, rank};
}

void TrainingRanks::SendToAll(const nlohmann::json& message) {
  for (const auto& process : processes_) {
    // The reader of a rank notices that it has ended.
    (void)SendFrame(*process, message.dump(),
                    Deadline(RealClock(), absl::Seconds(1)));
  }
}

void TrainingRanks::Read(size_t rank) {
  for (;;) {
    Event event = {rank, CatchExceptions(
                             "listening to a worker",
                             [&]() -> absl::StatusOr<nlohmann::json> {
                               ARCTRM_ASSIGN_OR_RETURN(
                                   const std::string body,
                                   ReceiveFrame(*processes_[rank], Deadline()));
                               return ParseFrame(body);
                             })};
    const bool over = !event.message.ok();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      events_.push_back(std::move(event));
    }
    changed_.notify_one();
    if (over) return;
  }
}

}  // namespace arctrm
