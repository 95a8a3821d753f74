// SPDX-License-Identifier: MIT
// Tasks out of JSON of every form that is read.
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

// Does it hold "train" or "test" as a list?
bool LooksLikeOneTask(simdjson::dom::object root);

class TaskReader {
 public:
  explicit TaskReader(ReadTasksOptions options) : options_(options) {}

  // The file at `path`. In a folder `name` is its path there, else "".
  // `set` chooses one of several sets, "" none. Faults in what it holds wait
  // for Finish; other than OK is only returned for a file that stands alone.
  absl::Status AddFile(const std::string& path, const std::string& name,
                       absl::string_view set);
  // A file of a folder that can't be read.
  void AddFault(const std::string& fault);
  // All that was read; InvalidArgument with `path` for all faults, or when
  // nothing is left.
  absl::StatusOr<TaskFiles> Finish(absl::string_view path);

 private:
  using Array = simdjson::dom::array;
  using Element = simdjson::dom::element;
  using Object = simdjson::dom::object;

  // A task as far as it could be read.
  struct Draft {
    Task task;
    // One a test input, in order, where they are known.
    std::vector<Grid> outputs;
    // Each without the task's name.
    std::vector<std::string> faults;
    bool has_outputs = false;
    bool lacks_test = false;
    // Its pairs have no test pair: the last one becomes that.
    bool is_examples = false;
    std::string where;
  };
  struct DraftPair {
    Grid input;
    // Empty: there is none.
    Grid output;
    bool has_output = false;
  };

  void AddDocument(Element root, absl::string_view set);
  void AddRoot(Element root, Object members, absl::string_view set);
  void AddItems(Element root, Array items);
  // A line, or an item of a list; `number` counts them.
  void AddItem(Element item, int number);
  void AddMap(Object tasks);
  void AddSets(const std::vector<std::pair<std::string, Element>>& sets,
               absl::string_view set);
  void AddTask(absl::string_view id, Element value);
  void AddExamples(absl::string_view id, Element examples);
  // A pair of the task `id`, of which other lines hold more.
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
  // Of a whole file, line or task that can't be read.
  void Reject(absl::string_view id, const std::vector<std::string>& faults);
  // What leaving out can't cure.
  void Refuse(absl::string_view fault);

  const ReadTasksOptions options_;
  TaskFiles files_;
  FaultList faults_;
  int seen_ = 0;
  Remark left_out_;
  Remark left_out_pairs_;
  Remark duplicates_;
  Remark renamed_;
  // Position and place of each id.
  std::map<std::string, size_t> index_;
  std::vector<std::string> where_;
  std::vector<Draft> rows_;
  std::map<std::string, size_t> row_index_;
  // Of the file that is read.
  std::string name_;
  std::string stem_;
  int line_ = 0;
};

}  // namespace arctrm
