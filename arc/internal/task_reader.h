// SPDX-License-Identifier: MIT
// Reads tasks from all supported forms of JSON.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "arc/internal/fault_list.h"
#include "arc/internal/json_document.h"
#include "arc/read.h"
#include "arc/remark.h"
#include "arc/task.h"

namespace arctrm {

// Does `root` have a list "train" or "test"?
bool LooksLikeOneTask(simdjson::dom::object root);

class TaskReader {
 public:
  explicit TaskReader(ReadTasksOptions options) : options_(options) {}

  // Reads the file at `path`. `name` is its path within the folder that is
  // read, "" for a single file. `set` selects one of several sets, or is "".
  // Faults in the content are reported by Finish; an error is returned only for
  // a single file.
  absl::Status AddFile(const std::string& path, const std::string& name,
                       absl::string_view set);
  // Records a file of a folder that cannot be read.
  void AddFault(const std::string& fault);
  // Returns all tasks. InvalidArgument with `path` and all faults, or if no
  // task is left.
  absl::StatusOr<TaskFiles> Finish(absl::string_view path);

 private:
  using Array = simdjson::dom::array;
  using Element = simdjson::dom::element;
  using Object = simdjson::dom::object;

  // A partly read task.
  struct Draft {
    Task task;
    // One per test input, in order, if known.
    std::vector<Grid> outputs;
    // Do not contain the task's id.
    std::vector<std::string> faults;
    bool has_outputs = false;
    bool lacks_test = false;
    // The task has no test pair, so its last pair becomes one.
    bool is_examples = false;
    std::string where;
  };
  struct DraftPair {
    Grid input;
    // Empty if there is none.
    Grid output;
    bool has_output = false;
  };

  void AddDocument(Element root, absl::string_view set);
  void AddRoot(Element root, Object members, absl::string_view set);
  void AddItems(Element root, Array items);
  // `item` is a line or an item of a list, with its number.
  void AddItem(Element item, int number);
  void AddMap(Object tasks);
  void AddSets(const std::vector<std::pair<std::string, Element>>& sets,
               absl::string_view set);
  void AddTask(absl::string_view id, Element value);
  void AddExamples(absl::string_view id, Element examples);
  // Adds a pair of the task `id`, whose pairs are spread over lines.
  void AddRow(const std::string& id, Element item);
  void CompleteRows();

  bool Begin(absl::string_view id, Draft* draft);
  bool ReadPair(Element value, JsonPlace place, Draft* draft, DraftPair* pair);
  void ReadPairGrids(Element value, JsonPlace place, Draft* draft,
                     DraftPair* pair);
  void ReadDemonstrations(Element value, JsonPlace place, Draft* draft);
  void ReadTests(Element value, Draft* draft);
  void Complete(Draft draft);
  void Insert(Draft draft);
  bool IsDuplicate(const Draft& draft, const std::string& id) const;

  // "sub/a.json: line 7: ".
  std::string Where() const;
  // Records faults of a whole file, line or task that cannot be read.
  void Reject(absl::string_view id, const std::vector<std::string>& faults);
  // Records a fault that omitting a task cannot remedy.
  void Refuse(absl::string_view fault);

  const ReadTasksOptions options_;
  TaskFiles files_;
  FaultList faults_;
  int seen_ = 0;
  Remark left_out_;
  Remark left_out_pairs_;
  Remark duplicates_;
  Remark renamed_;
  // Index of each id in files_, and the place where each task stands.
  std::map<std::string, size_t> index_;
  std::vector<std::string> where_;
  std::vector<Draft> rows_;
  std::map<std::string, size_t> row_index_;
  // The file that is being read.
  std::string name_;
  std::string stem_;
  int line_ = 0;
};

}  // namespace arctrm
