// SPDX-License-Identifier: MIT
#include "arc/internal/task_reader.h"

#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "arc/internal/json_form.h"
#include "base/status.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

// Is it a line that holds one pair of a task?
bool LooksLikeRow(object item) {
  return HasList(item, "input") && HasList(item, "output");
}

bool LooksLikeItem(element value) {
  object item;
  return value.get(item) == simdjson::SUCCESS &&
         (LooksLikeOneTask(item) || HasList(item, "examples") ||
          (LooksLikeRow(item) && !StatedId(item).empty()));
}

// Is it a list of pairs, as RE-ARC has?
bool IsPairList(element value) {
  array pairs;
  object pair;
  return value.get(pairs) == simdjson::SUCCESS &&
         pairs.begin() != pairs.end() &&
         (*pairs.begin()).get(pair) == simdjson::SUCCESS && LooksLikeRow(pair);
}

bool IsTask(element value) {
  object members;
  return IsPairList(value) ||
         (value.get(members) == simdjson::SUCCESS && LooksLikeOneTask(members));
}

bool HoldsTasks(object root) {
  for (const auto field : root) {
    if (IsTask(field.value)) return true;
  }
  return false;
}

// The members of `root` that hold tasks by id.
std::vector<std::pair<std::string, element>> FindSets(object root) {
  std::vector<std::pair<std::string, element>> sets;
  for (const auto field : root) {
    object members;
    if (field.value.get(members) == simdjson::SUCCESS && HoldsTasks(members)) {
      sets.emplace_back(std::string(field.key), field.value);
    }
  }
  return sets;
}

}  // namespace

bool LooksLikeOneTask(object root) {
  return HasList(root, "train") || HasList(root, "test");
}

absl::Status TaskReader::AddFile(const std::string& path,
                                 const std::string& name,
                                 absl::string_view set) {
  name_ = name;
  stem_ = NameWithoutExtension(path);
  line_ = 0;
  const absl::StatusOr<std::unique_ptr<JsonFile>> file = JsonFile::Open(path);
  if (!file.ok()) {
    if (name.empty()) return file.status();
    AddFault(absl::StrReplaceAll(Text(file.status()), {{path, name}}));
    return absl::OkStatus();
  }
  absl::StatusOr<element> root;
  while ((*file)->Next(&root)) {
    line_ = (*file)->line();
    if (!root.ok()) {
      Reject("", {Text(root.status())});
    } else if ((*file)->lines()) {
      AddItem(*root, line_);
    } else {
      AddDocument(*root, set);
    }
  }
  CompleteRows();
  if ((*file)->lines() && !set.empty()) {
    line_ = 0;
    Refuse(
        absl::StrCat("JSON lines, which hold no sets; give the file without "
                     "#",
                     set));
  }
  return absl::OkStatus();
}

void TaskReader::AddFault(const std::string& fault) {
  ++seen_;
  if (options_.leave_out) {
    arctrm::AddItem(fault, left_out_);
  } else {
    faults_.Add(fault);
  }
}

absl::StatusOr<TaskFiles> TaskReader::Finish(absl::string_view path) {
  ARCTRM_RETURN_IF_ERROR(faults_.ToStatus(path));
  const auto count = [](const Remark& of) { return of.items.size() + of.more; };
  const auto remark = [&](const std::string& what, Remark& of) {
    if (of.items.empty()) return;
    of.what = absl::StrCat(path, ": ", what);
    files_.remarks.push_back(std::move(of));
  };
  const size_t left_out = count(left_out_);
  remark(absl::StrCat("left out ", left_out, " of ", seen_, " tasks"),
         left_out_);
  if (files_.challenges.tasks.empty()) {
    constexpr size_t kListed = 10;
    if (left_out == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": no tasks; expected at least one task by its id"));
    }
    return absl::InvalidArgumentError(
        absl::StrCat(RemarkText(files_.remarks.back(), kListed),
                     "; no task is left to train on"));
  }
  const size_t pairs = count(left_out_pairs_);
  remark(absl::StrCat("left out ", pairs, pairs == 1 ? " pair" : " pairs",
                      " of tasks that have other pairs"),
         left_out_pairs_);
  const size_t twice = count(duplicates_);
  remark(absl::StrCat(twice, twice == 1 ? " task occurs" : " tasks occur",
                      " more than once with equal content; used once"),
         duplicates_);
  const size_t renamed = count(renamed_);
  remark(absl::StrCat(renamed, renamed == 1 ? " task has" : " tasks have",
                      " the id of another task; kept as"),
         renamed_);
  return std::move(files_);
}

void TaskReader::AddDocument(element root, absl::string_view set) {
  const absl::Status form = CheckForm(root, JsonForm::kTasks);
  if (!form.ok()) {
    return name_.empty() ? Refuse(form.message()) : Reject("", {Text(form)});
  }
  array items;
  if (root.get(items) == simdjson::SUCCESS) {
    return AddItems(root, items);
  }
  object members;
  if (root.get(members) != simdjson::SUCCESS) {
    return Reject("",
                  {Text(JsonPlace().Unexpected(
                      "an object of tasks by id, one task with \"train\" and "
                      "\"test\", or a list of pairs",
                      root))});
  }
  AddRoot(root, members, set);
}

void TaskReader::AddRoot(element root, object members, absl::string_view set) {
  const bool one_task = LooksLikeOneTask(members);
  const bool holds_tasks = !one_task && HoldsTasks(members);
  const auto sets = one_task || holds_tasks ? decltype(FindSets(members))()
                                            : FindSets(members);
  if (!set.empty() && sets.empty()) {
    return Refuse(absl::StrCat("holds no sets; give the file without #", set));
  }
  if (one_task) return AddTask(stem_, root);
  if (HasList(members, "examples")) {
    return AddExamples(stem_, members.at_key("examples").value_unsafe());
  }
  if (name_.empty()) {
    return sets.empty() ? AddMap(members) : AddSets(sets, set);
  }
  if (holds_tasks || !sets.empty()) {
    Refuse(
        "a file of many tasks in a folder, where every file holds one; give it "
        "by its own path");
  } else {
    Reject("",
           {"not a task: expected \"train\" and \"test\", or a list of pairs"});
  }
}

void TaskReader::AddItems(element root, array items) {
  // simdjson's size() saturates at 2^24 - 1.
  const bool many =
      items.begin() != items.end() && LooksLikeItem(*items.begin());
  if (!many) return AddExamples(stem_, root);
  int number = 0;
  for (element item : items) AddItem(item, ++number);
}

void TaskReader::AddItem(element item, int number) {
  const std::string by_number = absl::StrCat(stem_, ":", number);
  if (item.is_array()) return AddExamples(by_number, item);
  object map;
  if (item.get(map) == simdjson::SUCCESS && !LooksLikeOneTask(map) &&
      !HasList(map, "examples") && HoldsTasks(map)) {
    return AddMap(map);
  }
  const absl::StatusOr<object> members = ReadObject(
      item, "a task with \"train\" and \"test\", or with \"examples\"",
      JsonPlace());
  if (!members.ok()) return Reject("", {Text(members.status())});
  const std::string stated = StatedId(*members);
  const std::string id = stated.empty() ? by_number : stated;
  if (LooksLikeOneTask(*members)) return AddTask(id, item);
  if (HasList(*members, "examples")) {
    return AddExamples(id, members->at_key("examples").value_unsafe());
  }
  if (LooksLikeRow(*members)) {
    return AddRow(stated.empty() ? stem_ : stated, item);
  }
  const absl::Status form = CheckForm(item, JsonForm::kTasks);
  Reject(stated, {form.ok() ? "expected \"train\" and \"test\", \"examples\", "
                              "or \"input\" and \"output\""
                            : Text(form)});
}

void TaskReader::AddMap(object tasks) {
  for (const auto field : tasks) {
    const absl::string_view id = AbslView(field.key);
    if (IsPairList(field.value)) {
      AddExamples(id, field.value);
    } else {
      AddTask(id, field.value);
    }
  }
}

void TaskReader::AddSets(
    const std::vector<std::pair<std::string, element>>& sets,
    absl::string_view set) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const auto& [name, tasks] : sets) {
    if (seen.insert(name).second) continue;
    return Refuse(
        absl::StrCat("the set ", absl::Utf8SafeCEscape(name), " occurs twice"));
  }
  for (const auto& [name, tasks] : sets) {
    if (name == set || (set.empty() && sets.size() == 1)) {
      return AddMap(tasks.get_object().value_unsafe());
    }
    const size_t count = tasks.get_object().value_unsafe().size();
    names.push_back(absl::StrCat(absl::Utf8SafeCEscape(name.substr(0, 64)),
                                 " (", count,
                                 count == 1 ? " task)" : " tasks)"));
  }
  Refuse(absl::StrCat(
      set.empty() ? "" : absl::StrCat("holds no set ", set, "; "), "holds ",
      sets.size(),
      sets.size() == 1 ? " set: " : " sets: ", absl::StrJoin(names, ", "),
      "; append the name of one to the path, as in FILE#",
      absl::Utf8SafeCEscape(sets[0].first.substr(0, 64))));
}

bool TaskReader::Begin(absl::string_view id, Draft* draft) {
  const absl::Status status = CheckTaskId(id);
  if (!status.ok()) {
    Reject("", {Text(status)});
    return false;
  }
  draft->task.id = std::string(id);
  draft->where = Where();
  return true;
}

void TaskReader::AddTask(absl::string_view id, element value) {
  Draft draft;
  if (!Begin(id, &draft)) return;
  const absl::StatusOr<object> members =
      ReadObject(value, "an object with \"train\" and \"test\"", JsonPlace());
  if (!members.ok()) return Reject(id, {Text(members.status())});
  bool has_train = false;
  bool has_test = false;
  for (const auto field : *members) {
    if (field.key == "train") {
      has_train = true;
      ReadDemonstrations(field.value, {"train"}, &draft);
    } else if (field.key == "test") {
      has_test = true;
      ReadTests(field.value, &draft);
    }
  }
  if (!has_train) draft.faults.push_back("\"train\" is missing");
  if (!has_test) draft.faults.push_back("\"test\" is missing");
  Complete(std::move(draft));
}

void TaskReader::AddExamples(absl::string_view id, element examples) {
  Draft draft;
  if (!Begin(id, &draft)) return;
  draft.is_examples = true;
  ReadDemonstrations(examples, {"examples"}, &draft);
  Complete(std::move(draft));
}

void TaskReader::AddRow(const std::string& id, element item) {
  const auto [it, fresh] = row_index_.emplace(id, rows_.size());
  if (fresh) {
    rows_.emplace_back();
    rows_.back().is_examples = true;
    if (!Begin(id, &rows_.back())) {
      row_index_.erase(it);
      rows_.pop_back();
      return;
    }
  }
  Draft& draft = rows_[it->second];
  DraftPair pair;
  JsonPlace place;
  // For JSON lines, Where() names the line.
  const std::string list = absl::StrCat("line ", line_);
  place.list = line_ > 0 ? absl::string_view(list) : "pair";
  if (line_ == 0)
    place.index = static_cast<int>(draft.task.demonstrations.size());
  place.key = "*";
  if (ReadPair(item, place, &draft, &pair)) {
    draft.task.demonstrations.push_back(
        {std::move(pair.input), std::move(pair.output)});
  }
}

void TaskReader::CompleteRows() {
  line_ = 0;
  for (Draft& draft : rows_) Complete(std::move(draft));
  rows_.clear();
  row_index_.clear();
}

// The key "*" in `place` allows keys other than "input" and "output".
bool TaskReader::ReadPair(element value, JsonPlace place, Draft* draft,
                          DraftPair* pair) {
  const size_t faults = draft->faults.size();
  ReadPairGrids(value, place, draft, pair);
  if (faults == draft->faults.size()) return true;
  // Count an omitted pair once.
  if (options_.leave_out) draft->faults.resize(faults + 1);
  return false;
}

void TaskReader::ReadPairGrids(element value, JsonPlace place, Draft* draft,
                               DraftPair* pair) {
  const bool any_keys = place.key == "*";
  place.key = {};
  const auto read = [&](absl::string_view key, element grid) {
    place.key = key;
    absl::StatusOr<Grid> read_grid = ReadGrid(grid, place);
    place.key = {};
    if (!read_grid.ok()) {
      draft->faults.push_back(Text(read_grid.status()));
    } else if (key == "input") {
      pair->input = *std::move(read_grid);
    } else {
      pair->output = *std::move(read_grid);
    }
  };
  array both;
  if (place.list == "examples" && value.get(both) == simdjson::SUCCESS) {
    if (both.size() != 2) {
      draft->faults.push_back(Text(place.Fault(
          absl::StrCat("expected an input and an output grid, found ",
                       both.size(), both.size() == 1 ? " item" : " items"))));
      return;
    }
    pair->has_output = true;
    read("input", both.at(0).value_unsafe());
    read("output", both.at(1).value_unsafe());
    return;
  }
  const absl::StatusOr<object> members =
      ReadObject(value, "an object with \"input\" and \"output\"", place);
  if (!members.ok()) {
    draft->faults.push_back(Text(members.status()));
    return;
  }
  bool has_input = false;
  for (const auto field : *members) {
    if (field.key == "input") {
      has_input = true;
      read("input", field.value);
    } else if (field.key == "output") {
      // Some files have null for the output of a test pair.
      if (place.list == "test" && field.value.is_null()) continue;
      pair->has_output = true;
      read("output", field.value);
    } else if (!any_keys) {
      draft->faults.push_back(Text(place.Fault(absl::StrCat(
          "expected only the keys \"input\" and \"output\", found \"",
          absl::CEscape(AbslView(field.key).substr(0, 64)), "\""))));
    }
  }
  if (!has_input) {
    draft->faults.push_back(Text(place.Fault("\"input\" is missing")));
  }
  if (!pair->has_output && place.list != "test") {
    draft->faults.push_back(Text(place.Fault("\"output\" is missing")));
  }
}

void TaskReader::ReadDemonstrations(element value, JsonPlace place,
                                    Draft* draft) {
  array pairs;
  if (value.get(pairs) != simdjson::SUCCESS) {
    draft->faults.push_back(
        Text(place.Unexpected("a list of demonstrations", value)));
    return;
  }
  const JsonPlace list = place;
  place.index = 0;
  for (element item : pairs) {
    DraftPair pair;
    if (ReadPair(item, place, draft, &pair)) {
      draft->task.demonstrations.push_back(
          {std::move(pair.input), std::move(pair.output)});
    }
    ++place.index;
  }
  if (place.index == 0) {
    draft->faults.push_back(
        Text(list.Fault("no demonstrations; a task needs at least one")));
  }
}

void TaskReader::ReadTests(element value, Draft* draft) {
  JsonPlace place{"test"};
  array pairs;
  if (value.get(pairs) != simdjson::SUCCESS) {
    draft->faults.push_back(
        Text(place.Unexpected("a list of test inputs", value)));
    return;
  }
  place.index = 0;
  for (element item : pairs) {
    DraftPair pair;
    const bool usable = ReadPair(item, place, draft, &pair);
    draft->has_outputs = draft->has_outputs || pair.has_output;
    draft->lacks_test = draft->lacks_test || !usable;
    if (usable) {
      draft->task.test_inputs.push_back(std::move(pair.input));
      if (pair.has_output) draft->outputs.push_back(std::move(pair.output));
    }
    ++place.index;
  }
  if (place.index == 0) {
    place.index = -1;
    draft->faults.push_back(
        Text(place.Fault("no test inputs; a task needs at least one")));
  }
  if (draft->outputs.size() != draft->task.test_inputs.size()) {
    draft->outputs.clear();
  }
}

void TaskReader::Complete(Draft draft) {
  Task& task = draft.task;
  if (!draft.faults.empty()) {
    // A separate solutions file has outputs for all test inputs.
    const bool keeps_tests =
        draft.is_examples || !draft.lacks_test || draft.has_outputs;
    const bool has_test =
        draft.is_examples || draft.lacks_test || !task.test_inputs.empty();
    if (!options_.leave_out || task.demonstrations.empty() || !keeps_tests ||
        !has_test) {
      return Reject(task.id, draft.faults);
    }
    for (const std::string& fault : draft.faults) {
      arctrm::AddItem(absl::StrCat(task.id, " (", fault, ")"), left_out_pairs_);
    }
  }
  ++seen_;
  if (draft.is_examples || task.test_inputs.empty()) {
    task.test_inputs.push_back(task.demonstrations.back().input);
    draft.outputs = {task.demonstrations.back().output};
  }
  Insert(std::move(draft));
}

bool TaskReader::IsDuplicate(const Draft& draft, const std::string& id) const {
  const Task& known = files_.challenges.tasks[index_.at(id)];
  const auto outputs = files_.solutions.find(id);
  return known.demonstrations == draft.task.demonstrations &&
         known.test_inputs == draft.task.test_inputs &&
         (outputs == files_.solutions.end() ? draft.outputs.empty()
                                            : outputs->second == draft.outputs);
}

void TaskReader::Insert(Draft draft) {
  const std::string id = draft.task.id;
  if (index_.count(id) > 0 && !options_.leave_out) {
    const std::string& other = where_[index_[id]];
    return faults_.Add(absl::StrCat(
        draft.where, "task ", id,
        other.empty()
            ? ": occurs twice"
            : absl::StrCat(": is also in ", other.substr(0, other.size() - 2)),
        "; each task may occur once"));
  }
  // A dataset names a second task with the same id this way.
  for (int n = 2; index_.count(draft.task.id) > 0; ++n) {
    if (IsDuplicate(draft, draft.task.id)) {
      return arctrm::AddItem(id, duplicates_);
    }
    draft.task.id = absl::StrCat(id, "#", n);
  }
  if (draft.task.id != id) {
    files_.shared_ids.insert({id, draft.task.id});
    arctrm::AddItem(draft.task.id, renamed_);
  }
  index_[draft.task.id] = files_.challenges.tasks.size();
  where_.push_back(draft.where);
  if (!draft.outputs.empty()) {
    files_.solutions[draft.task.id] = std::move(draft.outputs);
  }
  files_.challenges.tasks.push_back(std::move(draft.task));
}

std::string TaskReader::Where() const {
  return absl::StrCat(name_, name_.empty() ? "" : ": ",
                      line_ > 0 ? absl::StrCat("line ", line_, ": ") : "");
}

void TaskReader::Reject(absl::string_view id,
                        const std::vector<std::string>& faults) {
  ++seen_;
  const bool whole_file = id.empty() && name_.empty() && line_ == 0;
  if (options_.leave_out && !whole_file) {
    if (!id.empty()) files_.left_out.emplace(id);
    std::string label(id);
    if (label.empty()) {
      label = Where();
      label.resize(label.size() - 2);
    }
    arctrm::AddItem(absl::StrCat(label, " (", faults[0], ")"), left_out_);
    return;
  }
  const std::string task = id.empty() ? "" : absl::StrCat("task ", id, ": ");
  for (const std::string& fault : faults) {
    faults_.Add(absl::StrCat(Where(), task, fault));
  }
}

void TaskReader::Refuse(absl::string_view fault) {
  faults_.Add(absl::StrCat(Where(), fault));
}

}  // namespace arctrm
