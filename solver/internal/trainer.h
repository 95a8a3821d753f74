// SPDX-License-Identifier: MIT
// The state of a training run and one step of it; Train() is the loop around.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/random.h"
#include "solver/checkpoint_info.h"
#include "solver/internal/act.h"
#include "solver/internal/checkpoint.h"
#include "solver/internal/collective.h"
#include "solver/internal/example_queue.h"
#include "solver/internal/loss_scale.h"
#include "solver/internal/model.h"
#include "solver/internal/optimizers.h"
#include "solver/internal/row_match.h"
#include "solver/internal/step_graph.h"
#include "solver/internal/step_stats.h"
#include "solver/internal/transfer.h"
#include "solver/internal/workers.h"
#include "solver/train.h"

namespace arctrm::internal {

class Trainer {
 public:
  // Fresh weights, or those of request.checkpoint, or all state of request.out
  // when request.resume. Meets the other ranks of request.group;
  // FailedPrecondition where one of them got another request.
  // `recorder` (tests): records steps whatever train.cuda_graphs says; called
  // once for each worker.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(
      const TrainRequest& request,
      const std::function<std::unique_ptr<StepRecorder>()>& recorder = {});

  // CheckTraining() of solver/train.h.
  static absl::Status Check(const TrainRequest& request);

  // One optimiser step: admit new examples, supervise, sign-SGD, AdamATan2,
  // EMA. `progress`: the share of the run that is done, for schedules. All
  // ranks call it with the same. May throw LibTorch's exceptions, and RankLost.
  // false: `abort` passed or a signal came in the middle of it, and nothing has
  // changed; only a single process on a CPU stops there.
  bool Step(StepSums& sums, double progress, const Deadline& abort = {});

  // Draws and encodes examples that the next steps will want, a batch of them
  // at most. It changes nothing that is seen. Step does it itself where it
  // would wait for a device.
  void DrawAhead();

  // Of all ranks, which all call this before the sums are read.
  void Reduce(StepSums& sums) const;

  // kWhole: the checkpoint folder, resume state included. kWeights: without
  // that. kInMemory: kWeights in this process's memory.
  enum class SaveAs { kWhole, kWeights, kInMemory };
  // Rank 0, while the others call HelpSave.
  absl::Status Save(const std::string& dir, double time_s,
                    SaveAs what = SaveAs::kWhole) const;
  void HelpSave() const { WholeCarry(); }

  // Over the averaged weights and the table as they are now; the trainer must
  // not step while it predicts.
  std::unique_ptr<Predictor> MakePredictor() const;

  // Are all weights and embedding rows numbers? Waits for the device.
  bool Finite() const;

  int64_t step() const { return step_; }
  double earlier_time_s() const { return earlier_time_s_; }
  // Of the network in the last step; 0 while only rows learn.
  double learning_rate() const { return learning_rate_; }
  const Model& model() const { return *model_; }
  // (num_ids, D), and like model().flat(); undefined without EMA.
  const Tensor& table() const { return table_; }
  const Tensor& ema() const { return ema_; }
  Collective& collective() const { return *collective_; }
  // Groups of rows done from a recording so far.
  int64_t replays() const;

  // The best evaluation so far, saved and resumed with the rest; step 0: none.
  HeldOutScore best;
  int64_t best_step = 0;

  // Of float16; saved and resumed too.
  LossScale loss_scale;

 private:
  explicit Trainer(const TrainRequest& request);
  // Are all ranks about to do the same?
  absl::Status CheckSameRequest() const;
  // Takes the state of rank 0.
  void ShareState();
  absl::Status LoadStart(const std::string& checkpoint);
  absl::Status LoadResume(const std::string& dir);
  void FillNewRows(const PuzzleIds& known, const Tensor& known_table);
  // train.new_rows = match.
  void MatchNewRows(const TrainRequest& request);
  // What a step changes before its gradients are used.
  struct StepStart {
    ExampleQueue examples;
    Random exploration;
    Tensor current_ids, windows;
    int64_t step, rows_only_steps;
    double learning_rate;
  };
  StepStart RememberStart() const;
  void Undo(StepStart start);
  // Can a step be stopped in the middle and undone?
  bool CanUndo() const;
  // A group of rows that has been computed, for KeepCarry.
  struct GroupDone {
    Tensor index;
    GroupOutput output;
    Batch current;
  };
  // Forward and backward of this rank's rows: gradients stand in the models and
  // in row_grad, the carry has moved on. Adds to `sums`, by worker. false:
  // interrupted, the carry stands.
  bool ComputeGradients(const Batch& fresh, bool rows_only, Tensor& row_grad,
                        std::vector<Tensor>& sums);
  // Optimisers, embedding rows and the average; `decay` scales learning rates.
  void UpdateWeights(const Tensor& row_grad, bool rows_only, double decay);
  // How many steps each row takes at least (exploration); undefined for none.
  Tensor DrawMinSteps();
  // Draws examples for all rows that halted, puts those of this rank into the
  // host buffers, and moves them.
  Batch DrawBatch();
  // (n, …) of this rank's rows -> (batch, …) of all rows, on every rank.
  Tensor GatherRows(const Tensor& own) const;
  // The carry of all rows; every rank calls it.
  Carry WholeCarry() const;
  // What a resumed training needs beside the weights.
  TensorMap ResumeState(const Carry& carry, double time_s) const;
  // Whether the gradients of a float16 step can be used; adapts the scale.
  // After too many that can't, the forward pass becomes float32.
  bool UseGradients(const Tensor& row_grad, bool rows_only);
  void SetForwardDtype(at::ScalarType dtype);
  // Schedules and noise of a step. `rows`: those of the batch that the carry
  // holds.
  void AddNoise(const std::vector<int64_t>& rows, Carry& carry) const;
  // Clears the graphs where the steps from here on are others.
  void SetCycles(double progress, bool rows_only);
  // This rank's rows by worker and size.
  std::vector<std::vector<RowGroup>> DivideBatch() const;
  // One supervision step, forward and backward, of some rows of the carry;
  // gradients of the parameters are added to the worker's replica, those of
  // puzzle rows put into their rows of row_grad (rows, D).
  GroupDone RunGroup(int worker, const RowGroup& group, const Batch& fresh,
                     const Tensor& min_steps, Tensor& row_grad);
  // Rows of the batch in a group's step back to their places.
  void KeepCarry(const GroupDone& done);
  // What was recorded is not what steps do any more.
  void ClearGraphs();

  ModelOptions options_;
  TrainOptions train_;
  DeviceOptions device_options_;
  uint64_t seed_;
  std::string run_;
  // Fingerprint of the weights it started from, "" for none; nothing where that
  // is not known any more.
  std::optional<std::string> start_ = "";
  const Dataset* dataset_;
  std::unique_ptr<Model> model_;
  std::shared_ptr<Workers> workers_;
  std::vector<std::unique_ptr<Model>>
      replicas_;  // of all workers but the first
  // By worker; empty: steps are not recorded.
  std::vector<std::unique_ptr<StepGraphs>> graphs_;
  // Cycles, and whether only rows learn, of the steps recorded so far.
  std::array<int, 3> recorded_ = {};
  std::unique_ptr<Collective> collective_;
  Slice rows_;          // this rank's, of the batch
  Log* log_ = nullptr;  // of rank 0, null elsewhere
  Tensor table_;        // (num_ids, D) float32
  Tensor ema_;          // like flat(); undefined without EMA
  std::unique_ptr<AdamAtan2> adam_;
  ExampleQueue examples_;
  Random exploration_;
  Carry carry_;      // of this rank's rows
  HostCopy halted_;  // (batch) bool, of all rows
  PuzzleIds ids_;
  std::vector<int64_t> updates_;  // by id
  NewRows new_rows_;              // only while the trainer is made
  std::vector<TrainedTask> trained_;
  int64_t step_ = 0;             // of this training: schedules count it
  int64_t rows_only_steps_ = 0;  // of those, the ones without the network
  double learning_rate_ = 0;
  int64_t earlier_steps_ = 0;  // of the weights it started from
  double earlier_time_s_ = 0;
  double weights_time_s_ = 0;  // training time of the starting weights
  Tensor current_ids_;         // (batch) int64 on the CPU: the ids of all rows
  // (batch, 4) int64 on the CPU: rows, columns, first row and column.
  Tensor windows_;
  Tensor fresh_;  // (2, rows, cells) uint8 on the CPU: inputs, labels
};

}  // namespace arctrm::internal
