// SPDX-License-Identifier: MIT
#include "pipeline/worker_engine.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/subprocess.h"
#include "pipeline/frames.h"
#include "pipeline/remote_predictor.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"

namespace arctrm {
namespace {

// What a worker may take to load its libraries and say what there is.
constexpr absl::Duration kDescribePatience = absl::Minutes(3);
// After its deadline or a stop, a training may take this long for its save.
constexpr absl::Duration kLeastGrace = absl::Seconds(2);
constexpr absl::Duration kMostGrace = absl::Seconds(60);
constexpr double kGraceShare = 0.05;
// A training that has so little time left isn't taken up again.
constexpr absl::Duration kWorthResuming = absl::Seconds(5);
constexpr int kMostFailures = 8;
// A device whose rank was the first to go so often is given up; the last device
// gets one more chance than that.
constexpr int kMostStrikes = 2;
// A rank that misses another one says so before the lost one's pipe may have
// been seen to break.
constexpr absl::Duration kBlamePatience = absl::Seconds(1);
constexpr int kMostDescriptions = 3;
// A new deadline is worth telling from here on.
constexpr absl::Duration kMoved = absl::Milliseconds(200);

// Is trying again of no use, because a person must mend something?
bool IsUsers(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsFailedPrecondition(status) || absl::IsDataLoss(status) ||
         IsDiverged(status);
}

// A port that was free a moment ago, for the ranks to meet.
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

nlohmann::json SettingsJson(const std::vector<OptionSet::Item>& items) {
  nlohmann::json settings = nlohmann::json::array();
  for (const OptionSet::Item& item : items) {
    settings.push_back({item.key, item.value});
  }
  return settings;
}

std::vector<OptionSet::Item> ItemsOf(ModelOptions model, TrainOptions train) {
  OptionSet set;
  AddOptions(model, set);
  AddOptions(train, set);
  return set.Items();
}

// The ranks of one try at a training, and what they say, in order of arrival.
class Ranks {
 public:
  struct Event {
    size_t rank = 0;
    absl::StatusOr<nlohmann::json> said;  // an error: the rank is gone
  };

  ~Ranks() {
    // Their pipes break, so the readers end.
    for (const auto& process : processes_) process->Signal(SIGKILL);
    for (std::thread& reader : readers_) reader.join();
  }

  // From the thread that will outlive the process.
  absl::Status Add(const SubprocessOptions& options, const std::string& request,
                   const Deadline& deadline) {
    ARCTRM_ASSIGN_OR_RETURN(std::unique_ptr<Subprocess> process,
                            Subprocess::Start(options));
    ARCTRM_RETURN_IF_ERROR(SendFrame(*process, request, deadline));
    processes_.push_back(std::move(process));
    return absl::OkStatus();
  }

  void Listen() {
    for (size_t rank = 0; rank < processes_.size(); ++rank) {
      readers_.emplace_back([this, rank] { Read(rank); });
    }
  }

  // The next event, nothing when none comes within `patience`.
  std::optional<Event> Next(absl::Duration patience) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoMicroseconds(patience),
                      [this] { return !events_.empty(); });
    if (events_.empty()) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  void Tell(const nlohmann::json& what) {
    for (const auto& process : processes_) {
      // One that can't be told is noticed by its reader.
      (void)SendFrame(*process, what.dump(),
                      Deadline(RealClock(), absl::Seconds(1)));
    }
  }
  void Signal(int signal) {
    for (const auto& process : processes_) process->Signal(signal);
  }
  size_t size() const { return processes_.size(); }

 private:
  void Read(size_t rank) {
    for (;;) {
      absl::StatusOr<std::string> body =
          ReceiveFrame(*processes_[rank], Deadline());
      Event event = {rank, body.ok()
                               ? ParseFrame(*body)
                               : absl::StatusOr<nlohmann::json>(body.status())};
      const bool over = !event.said.ok();
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        events_.push_back(std::move(event));
      }
      changed_.notify_one();
      if (over) return;
    }
  }

  std::vector<std::unique_ptr<Subprocess>> processes_;
  std::vector<std::thread> readers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;  // guarded by mutex_
};

// Where the last checkpoint of a training is: what went to the spare folder
// went there later.
const std::string& SavedIn(const TrainRequest& request) {
  return !request.spare_out.empty() &&
                 ReadCheckpointInfo(request.spare_out).ok()
             ? request.spare_out
             : request.out;
}

class WorkerEngine : public Engine {
 public:
  WorkerEngine(const WorkerOptions& options, Log& log)
      : options_(options), log_(log) {}

  absl::StatusOr<std::string> Describe(const DeviceOptions& device,
                                       const TrainOptions& train) override;
  absl::StatusOr<double> MeasureStepSeconds(const Dataset& dataset,
                                            const ModelOptions& model,
                                            const TrainOptions& train,
                                            const DeviceOptions& device,
                                            double budget_s) override;
  absl::StatusOr<TrainResult> Train(const EngineTraining& training) override;
  absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> LoadPredictors(
      const std::string& checkpoint, const PredictorOptions& options,
      const Deadline& deadline) override;
  double StartSeconds() const override { return start_s_; }
  std::vector<std::string> TakeWarnings() override {
    return std::exchange(warnings_, {});
  }

 private:
  // How one try at a training ended, when not with a result.
  struct Failure {
    absl::Status why;
    size_t rank = 0;  // the first that went
    bool hung = false;
  };

  SubprocessOptions Command() const;
  std::string ErrorFile() const {
    return JoinPath(options_.scratch, "workers.log");
  }
  void Warn(const std::string& line) {
    log_.Warning(line);
    warnings_.push_back(line);
  }
  // Looks the devices up, once.
  absl::Status FindDevices(const DeviceOptions& device);
  // Threads of one of `count` processes on a processor.
  int ThreadsEach(const DeviceOptions& device, size_t count) const;
  // Sends `request` to a worker of its own, gives its one answer.
  absl::StatusOr<nlohmann::json> Ask(const nlohmann::json& request,
                                     absl::Duration patience);
  absl::Status StartRanks(const EngineTraining& training,
                          nlohmann::json request, Ranks& ranks);
  void Blame(const Ranks::Event& event, const absl::Status& error, Ranks& ranks,
             Failure& failure) const;
  absl::StatusOr<TrainResult> TryTraining(const EngineTraining& training,
                                          bool resume, Failure& failure);
  // What stands in the checkpoint when nothing more can be done.
  absl::StatusOr<TrainResult> Salvage(const EngineTraining& training,
                                      TrainStop stop,
                                      const absl::Status& why) const;

  const WorkerOptions options_;
  Log& log_;
  std::vector<std::string> devices_;
  std::string description_;
  double start_s_ = 0;  // of a worker, measured
  std::vector<std::string> warnings_;
  std::map<std::string, int> strikes_;  // by device
};

SubprocessOptions WorkerEngine::Command() const {
  SubprocessOptions command;
  command.argv = {options_.solver, "worker"};
  command.environment = {{"OMP_WAIT_POLICY", "passive"}};
  command.pipe_input = true;
  command.pipe_output = true;
  // What workers say can be done without.
  if (MakeDirectories(options_.scratch).ok() &&
      CheckWritable(ErrorFile()).ok()) {
    command.error_file = ErrorFile();
  }
  return command;
}

absl::StatusOr<nlohmann::json> WorkerEngine::Ask(const nlohmann::json& request,
                                                 absl::Duration patience) {
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Subprocess> worker,
                          Subprocess::Start(Command()));
  const Deadline deadline(RealClock(),
                          std::min(patience, options_.deadline.Remaining()));
  ARCTRM_RETURN_IF_ERROR(SendFrame(*worker, request.dump(), deadline));
  ARCTRM_ASSIGN_OR_RETURN(const std::string body,
                          ReceiveFrame(*worker, deadline));
  ARCTRM_ASSIGN_OR_RETURN(nlohmann::json json, ParseFrame(body));
  ARCTRM_RETURN_IF_ERROR(ErrorOf(json));
  return json;
}

absl::Status WorkerEngine::FindDevices(const DeviceOptions& device) {
  if (!devices_.empty()) return absl::OkStatus();
  // "cpu,cpu" and "cuda:0,1" are lists of ours; a worker knows one device.
  const std::string first = device.device.substr(0, device.device.find(','));
  absl::Time before = RealClock().Now();
  absl::StatusOr<nlohmann::json> told;
  for (int tries = 1;; ++tries) {
    told = Ask({{"job", "describe"},
                {"device", first},
                {"threads", device.threads},
                {"settings", nlohmann::json::array()}},
               kDescribePatience);
    if (!absl::IsUnavailable(told.status()) || tries >= kMostDescriptions ||
        StopSignal() != 0) {
      break;
    }
    Warn(absl::StrCat("looking devices up: ", told.status().message()));
    before = RealClock().Now();
  }
  ARCTRM_RETURN_IF_ERROR(told.status());
  const nlohmann::json& json = *told;
  start_s_ = absl::ToDoubleSeconds(RealClock().Now() - before);
  description_ = json.value("device", "");
  for (const nlohmann::json& row : json.value("machine", nlohmann::json())) {
    log_.Info(absl::StrCat(row.at(0).get<std::string>(), ": ",
                           row.at(1).get<std::string>()));
  }
  ARCTRM_ASSIGN_OR_RETURN(
      devices_, DeviceList(device.device, json.value("cuda_devices", 0)));
  return absl::OkStatus();
}

absl::StatusOr<std::string> WorkerEngine::Describe(const DeviceOptions& device,
                                                   const TrainOptions&) {
  ARCTRM_RETURN_IF_ERROR(FindDevices(device));
  if (devices_.size() == 1) return description_;
  return absl::StrCat(description_, "; ", devices_.size(),
                      " processes: ", absl::StrJoin(devices_, " "));
}

int WorkerEngine::ThreadsEach(const DeviceOptions& device, size_t count) const {
  const int all = device.threads > 0
                      ? device.threads
                      : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, all / static_cast<int>(count));
}

absl::StatusOr<double> WorkerEngine::MeasureStepSeconds(
    const Dataset& dataset, const ModelOptions& model,
    const TrainOptions& train, const DeviceOptions& device, double budget_s) {
  ARCTRM_RETURN_IF_ERROR(FindDevices(device));
  const std::string dir = JoinPath(options_.scratch, "measure");
  ARCTRM_RETURN_IF_ERROR(RemoveAll(dir));
  ARCTRM_RETURN_IF_ERROR(WriteDataset(dataset, dir).status());
  // Ranks share the batch; what they say to each other is small beside it.
  TrainOptions share = train;
  share.batch =
      std::max(1, (train.batch + static_cast<int>(devices_.size()) - 1) /
                      static_cast<int>(devices_.size()));
  const absl::StatusOr<nlohmann::json> json =
      Ask({{"job", "measure"},
           {"dataset", dir},
           {"device", devices_[0]},
           {"threads", ThreadsEach(device, devices_.size())},
           {"budget_s", budget_s},
           {"settings", SettingsJson(ItemsOf(model, share))}},
          absl::Seconds(30 + 5 * budget_s));
  ARCTRM_RETURN_IF_ERROR(RemoveAll(dir));
  // Where it can be, the next try is on another device.
  if (absl::IsUnavailable(json.status())) {
    std::rotate(devices_.begin(), devices_.begin() + 1, devices_.end());
  }
  ARCTRM_RETURN_IF_ERROR(json.status());
  return json->value("step_s", 0.0);
}

absl::Status WorkerEngine::StartRanks(const EngineTraining& training,
                                      nlohmann::json request, Ranks& ranks) {
  const Deadline soon(RealClock(), absl::Seconds(30));
  const size_t size = devices_.size();
  int port = 0;
  if (size > 1) {
    ARCTRM_ASSIGN_OR_RETURN(port, FreePort());
  }
  for (size_t rank = 0; rank < size; ++rank) {
    SubprocessOptions command = Command();
    if (size > 1) {
      command.environment.insert(command.environment.end(),
                                 {{"RANK", absl::StrCat(rank)},
                                  {"LOCAL_RANK", absl::StrCat(rank)},
                                  {"WORLD_SIZE", absl::StrCat(size)},
                                  {"MASTER_ADDR", "127.0.0.1"},
                                  {"MASTER_PORT", absl::StrCat(port)}});
    }
    request["device"] = devices_[rank];
    request["threads"] = ThreadsEach(training.request.device, size);
    ARCTRM_RETURN_IF_ERROR(ranks.Add(command, request.dump(), soon));
  }
  ranks.Listen();
  return absl::OkStatus();
}

// Whose fault `error` of one rank is: where another one died, that one's. Those
// that miss it say so before they end; it says nothing.
void WorkerEngine::Blame(const Ranks::Event& event, const absl::Status& error,
                         Ranks& ranks, Failure& failure) const {
  failure.rank = event.rank;
  failure.why = error;
  if (!absl::IsUnavailable(error)) return;
  std::set<size_t> told = {event.rank};
  const Deadline patience(RealClock(), kBlamePatience);
  while (!patience.Passed()) {
    const std::optional<Ranks::Event> next =
        ranks.Next(std::max(absl::ZeroDuration(), patience.Remaining()));
    if (!next.has_value()) return;
    if (next->said.ok()) {
      if (!ErrorOf(*next->said).ok()) told.insert(next->rank);
    } else if (told.count(next->rank) == 0) {
      failure.rank = next->rank;
      failure.why = next->said.status();
      return;
    }
  }
}

absl::StatusOr<TrainResult> WorkerEngine::TryTraining(
    const EngineTraining& training, bool resume, Failure& failure) {
  const TrainRequest& request = training.request;
  nlohmann::json json = {{"job", "train"},
                         {"dataset", training.dataset_dir},
                         {"checkpoint", request.checkpoint},
                         {"out", request.out},
                         {"spare_out", request.spare_out},
                         {"best_out", request.best_out},
                         {"resume", resume},
                         {"snapshots", request.snapshots},
                         {"max_steps", request.max_steps},
                         {"stats_every", request.stats_every},
                         {"seed", request.seed},
                         {"settings", SettingsJson(training.settings)}};
  absl::Duration grace = kMostGrace;
  if (!request.deadline.IsInfinite()) {
    const absl::Duration left = request.deadline.Remaining();
    json["left_s"] = absl::ToDoubleSeconds(left);
    grace = std::clamp(kGraceShare * left, kLeastGrace, kMostGrace);
  }
  Ranks ranks;
  failure = {};
  const absl::Status started = StartRanks(training, std::move(json), ranks);
  if (!started.ok()) {
    failure.why = started;
    failure.rank = ranks.size() < devices_.size() ? ranks.size() : 0;
    return started;
  }
  Deadline end = request.deadline;
  bool told_to_stop = false;
  const auto stop = [&] {
    if (told_to_stop) return;
    told_to_stop = true;
    ranks.Tell({{"stop", true}});
    const Deadline soon(RealClock(), grace);
    if (soon.Remaining() < end.Remaining()) end = soon.EarlierBy(grace);
  };
  std::vector<bool> done(ranks.size(), false);
  for (;;) {
    if (StopSignal() != 0) stop();
    if (end.Remaining() < -grace) {
      failure.why = absl::DeadlineExceededError(
          absl::StrCat("the training did not end within ", DurationText(grace),
                       " after it should have"));
      failure.hung = true;
      return failure.why;
    }
    const std::optional<Ranks::Event> event =
        ranks.Next(absl::Milliseconds(100));
    if (!event.has_value()) continue;
    if (!event->said.ok()) {
      if (done[event->rank]) continue;  // as it should be
      failure.rank = event->rank;
      failure.why = event->said.status();
      return failure.why;
    }
    const nlohmann::json& said = *event->said;
    const absl::Status error = ErrorOf(said);
    if (!error.ok()) {
      Blame(*event, error, ranks, failure);
      return failure.why;
    }
    if (said.contains("say")) {
      const std::string line = said.value("line", "");
      const std::string kind = said.value("say", "");
      if (kind == "progress") {
        log_.Progress(line);
      } else if (kind == "warning") {
        Warn(line);
      } else {
        log_.Info(line);
      }
    } else if (said.contains("start")) {
      if (request.on_start) {
        ARCTRM_RETURN_IF_ERROR(
            failure.why = request.on_start(said.value("start", int64_t{0})));
      }
    } else if (said.contains("stats")) {
      absl::StatusOr<TrainStats> stats = StatsOf(said["stats"]);
      ARCTRM_RETURN_IF_ERROR(failure.why = stats.status());
      if (request.on_step && !request.on_step(*stats)) stop();
      if (request.replan && !told_to_stop) {
        const Deadline now = request.replan(*stats);
        const absl::Duration moved = now.Remaining() - end.Remaining();
        if (moved > kMoved || moved < -kMoved) {
          end = now;
          ranks.Tell({{"left_s", absl::ToDoubleSeconds(end.Remaining())}});
        }
      }
    } else if (said.contains("result")) {
      // Rank 0 alone has saved and knows what was best.
      if (event->rank == 0) return ResultOf(said["result"]);
      done[event->rank] = true;
    }
  }
}

absl::StatusOr<TrainResult> WorkerEngine::Salvage(
    const EngineTraining& training, TrainStop stop,
    const absl::Status& why) const {
  const std::string& saved_in = SavedIn(training.request);
  const absl::StatusOr<CheckpointInfo> info = ReadCheckpointInfo(saved_in);
  if (!info.ok()) {
    return absl::UnavailableError(absl::StrCat(
        "training: ", why.message(), "; nothing had been saved by then (",
        ErrorFile(), " has what the workers said)"));
  }
  TrainResult result;
  result.stop = stop;
  result.out = saved_in;
  result.steps = info->step;
  result.time_s = info->train_time_s;
  result.steps_per_s =
      static_cast<double>(info->step) / std::max(info->train_time_s, 1e-9);
  return result;
}

absl::StatusOr<TrainResult> WorkerEngine::Train(const EngineTraining& asked) {
  EngineTraining training = asked;
  TrainRequest& request = training.request;
  ARCTRM_RETURN_IF_ERROR(FindDevices(request.device));
  bool resume = request.resume;
  for (int failures = 0;;) {
    Failure failure;
    absl::StatusOr<TrainResult> result = TryTraining(training, resume, failure);
    if (result.ok() || IsUsers(result.status())) return result;
    log_.EndProgress();
    const std::string device = devices_[failure.rank];
    Warn(absl::StrCat("training on ", device, ": ", result.status().message()));
    if (StopSignal() != 0) {
      return Salvage(training, TrainStop::kSignal, result.status());
    }
    if (failure.hung || request.deadline.Remaining() < kWorthResuming ||
        ++failures >= kMostFailures) {
      return Salvage(training, TrainStop::kDeadline, result.status());
    }
    const int strikes = ++strikes_[device];
    if (devices_.size() > 1 && strikes >= kMostStrikes) {
      devices_.erase(devices_.begin() +
                     static_cast<std::ptrdiff_t>(failure.rank));
      Warn(absl::StrCat("going on without ", device));
    } else if (strikes > kMostStrikes) {
      return Salvage(training, TrainStop::kDeadline, result.status());
    }
    if (SavedIn(request) == request.spare_out) {
      request.out = std::exchange(request.spare_out, "");
    }
    const absl::StatusOr<CheckpointInfo> saved =
        ReadCheckpointInfo(request.out);
    resume = saved.ok() && saved->has_resume_state &&
             (request.resume || saved->step > 0);
    Warn(resume ? "taking the training up again where it was saved last"
                : "beginning the training again");
  }
}

absl::StatusOr<std::vector<std::unique_ptr<Predictor>>>
WorkerEngine::LoadPredictors(const std::string& checkpoint,
                             const PredictorOptions& options,
                             const Deadline& deadline) {
  ARCTRM_RETURN_IF_ERROR(FindDevices(options.device));
  std::vector<std::pair<std::string, std::unique_ptr<Subprocess>>> started;
  absl::Status last = absl::UnavailableError("no device is left");
  const auto lost = [&](const std::string& name, const absl::Status& why) {
    last = why;
    Warn(absl::StrCat("voting goes on without ", name, ": ", why.message()));
  };
  const auto start = [&](const std::string& device, size_t number) {
    PredictorOptions own = options;
    own.device = {device, ThreadsEach(options.device, devices_.size())};
    const std::string name = absl::StrCat("worker ", number, " on ", device);
    absl::StatusOr<std::unique_ptr<Subprocess>> process =
        Subprocess::Start(Command());
    const absl::Status sent =
        process.ok()
            ? SendFrame(**process, PredictRequest(checkpoint, own), deadline)
            : process.status();
    if (!sent.ok()) return lost(name, sent);
    started.emplace_back(name, *std::move(process));
  };
  for (size_t i = 0; i < devices_.size(); ++i) start(devices_[i], i + 1);
  std::vector<std::unique_ptr<Predictor>> predictors;
  for (auto& [name, process] : started) {
    absl::StatusOr<std::unique_ptr<Predictor>> predictor =
        RemotePredictor::Connect(name, std::move(process), deadline);
    if (predictor.ok()) {
      predictors.push_back(*std::move(predictor));
    } else if (absl::IsUnavailable(predictor.status())) {
      lost(name, predictor.status());
    } else {
      return predictor.status();
    }
  }
  if (predictors.empty()) {
    return absl::UnavailableError(
        absl::StrCat("nothing can predict: ", last.message()));
  }
  return predictors;
}

}  // namespace

std::unique_ptr<Engine> MakeWorkerEngine(const WorkerOptions& options,
                                         Log& log) {
  return std::make_unique<WorkerEngine>(options, log);
}

absl::StatusOr<std::vector<std::string>> DeviceList(const std::string& devices,
                                                    int cuda_devices) {
  std::vector<std::string> list;
  if (devices == "auto") {
    for (int i = 0; i < cuda_devices; ++i) {
      list.push_back(absl::StrCat("cuda:", i));
    }
    if (list.empty()) list.push_back("cpu");
    return list;
  }
  std::string kind;
  for (absl::string_view word : absl::StrSplit(devices, ',')) {
    std::string name(word);
    int index = 0;
    if (absl::SimpleAtoi(name, &index) && kind == "cuda") {
      name = absl::StrCat("cuda:", index);
    } else if (name == "cuda") {
      name = "cuda:0";
    }
    const bool cuda = name.rfind("cuda:", 0) == 0 &&
                      absl::SimpleAtoi(name.substr(5), &index) && index >= 0;
    if (!cuda && name != "cpu") {
      return absl::InvalidArgumentError(
          absl::StrCat("--device ", devices,
                       ": expected auto, cpu, cuda, cuda:1, cuda:0,1 "
                       "or cpu,cpu"));
    }
    if (!kind.empty() && (kind == "cuda") != cuda) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--device ", devices, ": processor and GPUs can't share a job"));
    }
    kind = cuda ? "cuda" : "cpu";
    if (cuda && std::find(list.begin(), list.end(), name) != list.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--device ", devices, ": ", name, " stands there twice"));
    }
    list.push_back(std::move(name));
  }
  return list;
}

}  // namespace arctrm
