// SPDX-License-Identifier: MIT
// The wall-clock time of a run: when it must end, how training and voting share
// it, and which work still fits. The margins between these parts are constants
// in time_budget.cc, those of the watchdog at the end of this file.
#pragma once

#include "absl/time/time.h"
#include "base/clock.h"

namespace arctrm {

// The limits of one stage.
struct StageLimits {
  // No work begins that is expected to end later.
  Deadline end;
  // Work that still runs is stopped and undone.
  Deadline abort;
};

// How long measuring one training step may take, in seconds.
struct MeasureLimits {
  double repeat_s = 0;   // no step begins that would end later
  double give_up_s = 0;  // a step that still runs is abandoned
};

// Measured costs of a training, in seconds each.
struct TrainCosts {
  double step_s = 0;
  double save_s = 0;
  double evaluation_s = 0;
};

// Copyable. Borrows the clock. Without a limit, all seconds are infinite.
class TimeBudget {
 public:
  // Without a limit.
  TimeBudget() = default;
  // For a run that begins now and must end at `end`.
  explicit TimeBudget(const Deadline& end, const Clock& clock = RealClock());

  bool limited() const { return !end_.IsInfinite(); }
  const Deadline& end() const { return end_; }
  double LeftS() const { return absl::ToDoubleSeconds(end_.Remaining()); }
  absl::Time Now() const { return clock_->Now(); }
  double ElapsedS() const;

  // How long measuring a training step may take. If a step takes longer, the
  // run can do hardly any.
  MeasureLimits Measuring() const;
  // Time for building the dataset, and for each save of its embedding rows.
  double BuildingS() const;
  double SavingS() const;
  // Reserves `vote_s` for voting, and `reserve_s` after it for writing results.
  // Training ends where voting begins.
  void Divide(double vote_s, double reserve_s);
  double vote_s() const { return vote_s_; }
  double reserve_s() const { return reserve_s_; }
  StageLimits Training() const;
  StageLimits Voting() const;

  // For a training that is followed by a test instead of votes: the longest
  // time for the test, the time to keep for loading weights and writing results
  // (both for Divide()), and the end of answering.
  double MaxTestS() const;
  double TestReserveS() const;
  Deadline TestEnd() const;

  // Whether there is time for another pass of votes. `start_s`: seconds that
  // predictors need to start.
  bool WorthVoting(double start_s) const;
  // Whether there is time to save the start weights with embedding rows for new
  // tasks, and to vote with them.
  bool WorthStartWeights(double start_s) const;

 private:
  Deadline end_;
  const Clock* clock_ = &RealClock();
  absl::Time start_ = absl::InfinitePast();
  double whole_s_ = 0;  // from start_ to end_
  double vote_s_ = 0;
  double reserve_s_ = 0;
};

// The part of `left_s` to keep at the end of a run, for reading back and
// replacing the submission, scoring and the report.
double ReserveS(double left_s);

// The time to plan for views that are expected to take `views_s`.
double ViewsTimeS(double views_s);
// The time of voting beside its views: reading the weights, starting predictors
// in `start_s` (0: already started), and a last batch that no longer fits.
double VotingOverheadS(double start_s);

// The time to plan for a training whose steps take `steps_s`.
double StepsTimeS(double steps_s);

// Whether a failed training that must end at `end` is worth resuming.
bool WorthTraining(const Deadline& end);

// Whether one more step, its evaluation and the saves after it end within
// `left_s`. `evaluates`: whether better weights may have to be saved too.
bool StepFits(const TrainCosts& costs, bool evaluates, double left_s);

// The limits of a command that must end at `end` and writes its result last,
// such as `train` and `predict`.
StageLimits CommandLimits(const Deadline& end);

// Whether there is time to begin a run that must end at `end`, or to load the
// solver program for it.
bool WorthBeginning(const Deadline& end);
bool WorthLoadingSolver(const Deadline& end);

// `end`, or the earliest moment at which the watchdog can put a valid file in
// place, if that is later.
Deadline WatchedEnd(const Deadline& end);
// How long before its end a process of `resident_bytes` must begin to exit: the
// kernel takes time to free memory.
absl::Duration EndingTime(double resident_bytes);

// The longest time between checkpoints in a run of `limit_s`.
double MaxCheckpointIntervalS(double limit_s);

// The time to plan for answering that was measured to take `answers_s`, or
// estimated from a training step.
double AnsweringTimeS(double answers_s, bool estimated);

// Whether a new plan that moves `from_s` of voting to `to_s` is worth applying.
bool WorthMovingVotes(double from_s, double to_s);

// Whether a test that is estimated to take `test_s` is worth measuring, which
// interrupts the training, and when to do so in a training that must end at
// `end`: late enough for the weights to halt nearly as they will at the end.
bool WorthMeasuringTest(double test_s);
Deadline TestMeasuringTime(const Deadline& end);

// How long the first batch of a predictor may take by estimate, of the `left_s`
// until voting ends.
double FirstBatchS(double left_s);

// How long to wait for a worker that measures a training step within
// `give_up_s`, and for workers that receive their request: at most until `end`.
// `start_s`: seconds that a worker needs to start.
absl::Duration MeasuringPatience(double start_s, double give_up_s);
Deadline RequestDeadline(const Deadline& end);

// The time between two checks of the training speed. `checks`: number of checks
// so far; `train_s`: planned time of the training.
absl::Duration ReplanInterval(int checks, double train_s);

// How long a stopped worker may take to end before it is killed. `left_s`:
// seconds until the end of the run.
absl::Duration WorkerGrace(double left_s);

// The watchdog (base/watchdog.h): time to acknowledge a stop signal, to save
// results after that, and to end the process.
inline constexpr absl::Duration kSignalGrace = absl::Milliseconds(1300);
inline constexpr absl::Duration kAcknowledgedGrace = absl::Seconds(60);
inline constexpr absl::Duration kEndGrace = absl::Milliseconds(350);

}  // namespace arctrm
