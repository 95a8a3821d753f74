// SPDX-License-Identifier: MIT
#include "base/time_budget.h"

#include <algorithm>
#include <cmath>

namespace arctrm {
namespace {

// Measuring takes at most this share of the time left, and this many seconds.
constexpr double kMeasuringShare = 0.15;
constexpr double kMaxMeasuringS = 120;
constexpr double kRepeatShare = 0.03;
constexpr double kMinRepeatS = 1;
constexpr double kMaxRepeatS = 20;

constexpr double kBuildingShare = 0.1;
constexpr double kSavingShare = 0.05;

constexpr double kReserveShare = 0.01;
constexpr double kMinReserveS = 1.5;
constexpr double kMaxReserveS = 8;

// Reading the weights, and a last batch that no longer fits.
constexpr double kVotingOverheadS = 1;
// The speed of voting is an estimate.
constexpr double kVotingMargin = 1.25;
// Predictors start slowly, because the end of the training keeps the machine
// busy.
constexpr double kStartMargin = 3;
constexpr double kStartOverheadS = 1;

// Starting and saving, and steps that are slower than the measured one.
constexpr double kStepsMargin = 2;
constexpr double kStepsOverheadS = 10;

constexpr double kStepMargin = 1.25;
constexpr double kEvaluationMargin = 1.25;

// A late training step may use this share of the voting time, a late batch of
// votes this share of the reserve.
constexpr double kTrainingAbortShare = 0.3;
constexpr double kVotingAbortShare = 0.6;

constexpr double kMaxTestShare = 0.3;
constexpr double kTestReserveS = 3;
constexpr double kMaxTestReserveShare = 0.2;
// For writing the answers, and for the watchdog, which ends the process before
// the deadline.
constexpr double kWritingS = 0.4;
constexpr double kEndingShare = 0.05;
constexpr double kMaxEndingS = 1;

constexpr double kWorthTrainingS = 5;
constexpr double kWorthVotingS = 2;
constexpr double kWorthStarts = 2;
constexpr double kMinVotingS = 0.5;
constexpr int kStartWeightsStarts = 2;

constexpr double kFirstReplanShare = 0.1;
constexpr double kReplanShare = 0.15;
constexpr absl::Duration kMaxFirstReplan = absl::Minutes(2);
constexpr absl::Duration kMaxReplan = absl::Minutes(20);

constexpr absl::Duration kWritingResult = absl::Seconds(1);
constexpr absl::Duration kWritingLateResult = absl::Milliseconds(700);
constexpr absl::Duration kWorthBeginning = absl::Seconds(3);
// Loading takes 0.3 s, but several times as long on a busy machine.
constexpr absl::Duration kLoadingSolver = absl::Seconds(2);
constexpr absl::Duration kMinWatched = absl::Milliseconds(600);
// Ending a run writes a few small files, late on a busy machine.
constexpr absl::Duration kEndingBase = absl::Milliseconds(200);
// Measured time to free memory: 0.1 to 0.2 s per GiB.
constexpr double kFreeSecondsPerByte = 0.15 / (1 << 30);

constexpr double kCheckpointShare = 0.1;
constexpr double kMinCheckpointIntervalS = 1;

// The estimate knows only matrix products. Measured batches differ, and the
// last one is smaller.
constexpr double kEstimatedAnswersMargin = 1.5;
constexpr double kMeasuredAnswersMargin = 1.25;

constexpr double kMinMovedVotesS = 1;
constexpr double kMinMovedVotesShare = 0.05;

constexpr double kWorthMeasuringTestS = 3;
constexpr double kTestMeasuringShare = 0.75;

constexpr double kFirstBatchShare = 0.25;

// A worker starts more slowly on a busy machine, and then reads the dataset.
constexpr double kMeasuringStarts = 4;
constexpr double kMeasuringAnswerS = 2;
constexpr absl::Duration kMaxRequest = absl::Seconds(30);

constexpr double kGraceShare = 0.05;
constexpr double kMinGraceS = 2;
constexpr double kMaxGraceS = 60;

}  // namespace

TimeBudget::TimeBudget(const Deadline& end, const Clock& clock)
    : end_(end), clock_(&clock), start_(clock.Now()), whole_s_(LeftS()) {}

double TimeBudget::ElapsedS() const {
  return absl::ToDoubleSeconds(clock_->Now() - start_);
}

MeasureLimits TimeBudget::Measuring() const {
  MeasureLimits limits;
  limits.give_up_s = std::min(kMeasuringShare * LeftS(), kMaxMeasuringS);
  limits.repeat_s =
      std::min(limits.give_up_s,
               std::clamp(kRepeatShare * LeftS(), kMinRepeatS, kMaxRepeatS));
  return limits;
}

double TimeBudget::BuildingS() const { return kBuildingShare * LeftS(); }

double TimeBudget::SavingS() const { return kSavingShare * LeftS(); }

void TimeBudget::Divide(double vote_s, double reserve_s) {
  vote_s_ = vote_s;
  reserve_s_ = reserve_s;
}

StageLimits TimeBudget::Training() const {
  if (!limited()) return {};
  return {end_.EarlierBy(absl::Seconds(reserve_s_ + vote_s_)),
          end_.EarlierBy(
              absl::Seconds(reserve_s_ + (1 - kTrainingAbortShare) * vote_s_))};
}

StageLimits TimeBudget::Voting() const {
  if (!limited()) return {};
  return {end_.EarlierBy(absl::Seconds(reserve_s_)),
          end_.EarlierBy(absl::Seconds(kVotingAbortShare * reserve_s_))};
}

double TimeBudget::MaxTestS() const { return kMaxTestShare * whole_s_; }

double TimeBudget::TestReserveS() const {
  return std::min(kTestReserveS, kMaxTestReserveShare * whole_s_);
}

Deadline TimeBudget::TestEnd() const {
  if (!limited()) return end_;
  return end_.EarlierBy(absl::Seconds(
      kWritingS + std::min(kMaxEndingS, kEndingShare * whole_s_)));
}

bool TimeBudget::WorthVoting(double start_s) const {
  return Voting().end.Remaining() >=
         absl::Seconds(kWorthVotingS + kWorthStarts * start_s);
}

double VotingOverheadS(double start_s) {
  if (start_s <= 0) return kVotingOverheadS;
  return kVotingOverheadS + kStartOverheadS + kStartMargin * start_s;
}

bool TimeBudget::WorthStartWeights(double start_s) const {
  return Voting().end.Remaining() >
         absl::Seconds(kMinVotingS + kStartWeightsStarts * start_s);
}

double ReserveS(double left_s) {
  return std::clamp(kReserveShare * left_s, kMinReserveS, kMaxReserveS);
}

double ViewsTimeS(double views_s) { return kVotingMargin * views_s; }

bool WorthTraining(const Deadline& end) {
  return end.Remaining() > absl::Seconds(kWorthTrainingS);
}

double StepsTimeS(double steps_s) {
  return kStepsOverheadS + kStepsMargin * steps_s;
}

bool StepFits(const TrainCosts& costs, bool evaluates, double left_s) {
  // The last save, and two more if the evaluation finds better weights.
  const int saves = evaluates ? 3 : 1;
  return left_s > kStepMargin * costs.step_s + saves * costs.save_s +
                      kEvaluationMargin * costs.evaluation_s;
}

StageLimits CommandLimits(const Deadline& end) {
  return {end.EarlierBy(kWritingResult), end.EarlierBy(kWritingLateResult)};
}

bool WorthBeginning(const Deadline& end) {
  return end.Remaining() >= kWorthBeginning;
}

bool WorthLoadingSolver(const Deadline& end) {
  return end.Remaining() >= kLoadingSolver;
}

Deadline WatchedEnd(const Deadline& end) {
  return end.Remaining() < kMinWatched ? Deadline(RealClock(), kMinWatched)
                                       : end;
}

absl::Duration EndingTime(double resident_bytes) {
  return kEndingBase + absl::Seconds(resident_bytes * kFreeSecondsPerByte);
}

double MaxCheckpointIntervalS(double limit_s) {
  return std::max(kMinCheckpointIntervalS, kCheckpointShare * limit_s);
}

double AnsweringTimeS(double answers_s, bool estimated) {
  return answers_s *
         (estimated ? kEstimatedAnswersMargin : kMeasuredAnswersMargin);
}

bool WorthMovingVotes(double from_s, double to_s) {
  return std::abs(to_s - from_s) >=
         std::max(kMinMovedVotesS, kMinMovedVotesShare * from_s);
}

bool WorthMeasuringTest(double test_s) {
  return test_s >= kWorthMeasuringTestS;
}

Deadline TestMeasuringTime(const Deadline& end) {
  return end.EarlierBy((1 - kTestMeasuringShare) * end.Remaining());
}

double FirstBatchS(double left_s) { return kFirstBatchShare * left_s; }

absl::Duration MeasuringPatience(double start_s, double give_up_s) {
  return absl::Seconds(kMeasuringStarts * start_s + kMeasuringAnswerS +
                       give_up_s);
}

Deadline RequestDeadline(const Deadline& end) {
  const absl::Duration grace =
      WorkerGrace(absl::ToDoubleSeconds(end.Remaining()));
  return Deadline(RealClock(), std::min(kMaxRequest, end.Remaining() + grace));
}

absl::Duration ReplanInterval(int checks, double train_s) {
  const absl::Duration whole = absl::Seconds(train_s);
  return checks == 0 ? std::min(kMaxFirstReplan, kFirstReplanShare * whole)
                     : std::min(kMaxReplan, kReplanShare * whole);
}

absl::Duration WorkerGrace(double left_s) {
  return absl::Seconds(
      std::clamp(kGraceShare * left_s, kMinGraceS, kMaxGraceS));
}

}  // namespace arctrm
