// SPDX-License-Identifier: MIT
// The wall-clock time of a run: when it must end, how it is divided between
// training and voting, and which work still fits. All safety margins of a run
// stand here and in time_budget.cc.
#pragma once

#include "absl/time/time.h"
#include "base/clock.h"

namespace arctrm {

// The limits of one stage.
struct StageLimits {
  // No piece of work begins that is not expected to end before.
  Deadline end;
  // Work that still runs then is stopped and undone.
  Deadline abort;
};

// How long measuring one training step may take, in seconds.
struct MeasureLimits {
  double repeat_s = 0;   // no further step begins that would end after this
  double give_up_s = 0;  // a step that still runs then is given up
};

// Measured costs of single pieces of work of a training, in seconds.
struct TrainCosts {
  double step_s = 0;
  double save_s = 0;
  double evaluation_s = 0;
};

// Copyable; borrows the clock. Seconds are infinite without a limit.
class TimeBudget {
 public:
  // Without a limit.
  TimeBudget() = default;
  // A run that begins now and must end at `end`.
  explicit TimeBudget(const Deadline& end, const Clock& clock = RealClock());

  bool limited() const { return !end_.IsInfinite(); }
  const Deadline& end() const { return end_; }
  double LeftS() const { return absl::ToDoubleSeconds(end_.Remaining()); }
  absl::Time Now() const { return clock_->Now(); }
  double ElapsedS() const;

  // How long measuring a training step may take: a step that takes longer is
  // one of which this run can do next to none.
  MeasureLimits Measuring() const;
  // For building the dataset, and for each save of its embedding rows.
  double BuildingS() const;
  double SavingS() const;
  // Divides the end of the run: voting gets `vote_s` before a reserve of
  // `reserve_s`, and training ends where voting begins.
  void Divide(double vote_s, double reserve_s);
  double vote_s() const { return vote_s_; }
  double reserve_s() const { return reserve_s_; }
  StageLimits Training() const;
  StageLimits Voting() const;

  // Of a training that is followed by a test instead of votes: what the test
  // may take at most, what to keep for loading the weights and writing results
  // (Divide() takes both), and when answering must end.
  double MostTestS() const;
  double TestReserveS() const;
  Deadline TestEnd() const;

  // Is there time for another pass of votes? `start_s`: until predictors are at
  // work.
  bool WorthVoting(double start_s) const;
  // For a process that saves the start weights with rows for these tasks, and
  // one that votes with them?
  bool WorthStartWeights(double start_s) const;

 private:
  Deadline end_;
  const Clock* clock_ = &RealClock();
  absl::Time start_ = absl::InfinitePast();
  double whole_s_ = 0;  // from start_ to end_
  double vote_s_ = 0;
  double reserve_s_ = 0;
};

// What to keep of `left_s` at the end of a run, for reading back and replacing
// the submission, scoring and the report.
double ReserveS(double left_s);

// What to plan for views that are expected to take `views_s`.
double ViewsTimeS(double views_s);
// What voting takes beside its views: reading the weights, starting predictors
// in `start_s` (0: they are at work already), a last batch that no longer fits.
double VotingOverheadS(double start_s);

// Seconds to plan for a training that ends after steps that take `steps_s`.
double StepsTimeS(double steps_s);

// Is it worth while to take up a training that failed and must end at `end`?
bool WorthTraining(const Deadline& end);

// Does one more step, its evaluation and the saves after it end within
// `left_s`? `evaluates`: whether better weights may have to be saved as well.
bool StepFits(const TrainCosts& costs, bool evaluates, double left_s);

// The limits of a command that ends with writing its result, such as `train`
// and `predict`, and must end at `end`.
StageLimits CommandLimits(const Deadline& end);

// Is there time to begin a run that must end at `end`, or to load the solver
// program for it?
bool WorthBeginning(const Deadline& end);
bool WorthLoadingSolver(const Deadline& end);

// `end`, or what the watchdog needs to put a valid file in place, if that is
// later.
Deadline WatchedEnd(const Deadline& end);
// How long before its end a process of `resident_bytes` must begin to end: the
// kernel takes time to free memory.
absl::Duration EndingTime(double resident_bytes);

// The longest time between checkpoints in a run of `limit_s`.
double MostCheckpointIntervalS(double limit_s);

// What to plan for answering, where one view was measured (`estimated` false)
// or estimated from a training step.
double AnsweringTimeS(double answers_s, bool estimated);

// When a training looks at its speed and divides what is left anew: how long
// after the look before. `looks`: made so far; `train_s`: of the whole
// training.
absl::Duration ReplanInterval(int looks, double train_s);

// How long a stopped worker may take to end before it is killed. `left_s`: what
// is left of the run.
absl::Duration WorkerGrace(double left_s);

}  // namespace arctrm
