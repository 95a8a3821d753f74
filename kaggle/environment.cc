// SPDX-License-Identifier: MIT
#include "kaggle/environment.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/read_text.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr char kCompetitionsFolder[] = "competitions";
constexpr char kContestName[] = "arc-prize";
constexpr char kRerunVariable[] = "KAGGLE_IS_COMPETITION_RERUN";

// Files of models lie at
// models/<owner>/<model>/<framework>/<variation>/<version>/, perhaps in another
// folder there.
constexpr int kMaxDepth = 8;
// Limits the time for attached data sets with many files on a slow disk.
constexpr size_t kMaxEntries = 500'000;
constexpr size_t kMaxNamesShown = 20;

struct Entry {
  std::string name;
  bool is_folder;
};

// The entries of `dir`, at most `limit`, sorted by name.
absl::StatusOr<std::vector<Entry>> List(const std::string& dir, size_t limit) {
  DIR* const stream = opendir(dir.c_str());
  if (stream == nullptr) return ErrnoStatus(errno, "can't list", dir);
  std::vector<Entry> entries;
  errno = 0;
  for (const dirent* at = nullptr;
       entries.size() < limit && (at = readdir(stream)) != nullptr;) {
    const std::string name = at->d_name;
    if (name == "." || name == "..") continue;
    bool is_folder = at->d_type == DT_DIR;
    if (at->d_type == DT_LNK || at->d_type == DT_UNKNOWN) {
      is_folder = IsDirectory(JoinPath(dir, name));
    }
    entries.push_back({name, is_folder});
    errno = 0;
  }
  const int error = errno;
  closedir(stream);
  if (error != 0) return ErrnoStatus(error, "can't list", dir);
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

// "competitions/, models/, readme.txt and 3 more".
std::string NamesText(const std::vector<Entry>& entries) {
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (names.size() == kMaxNamesShown) {
      names.back() +=
          absl::StrCat(" and ", entries.size() - names.size(), " more");
      break;
    }
    names.push_back(entry.name + (entry.is_folder ? "/" : ""));
  }
  return names.empty() ? "nothing" : absl::StrJoin(names, ", ");
}

// Does the file have this name, in any letter case, packed or not?
bool IsNamed(absl::string_view file, absl::string_view name) {
  return absl::EqualsIgnoreCase(WithoutPacking(file), name);
}

// Orders files with this name: the exact name first, packed files last.
std::pair<bool, size_t> NameRank(const std::string& path,
                                 absl::string_view name) {
  return {Basename(path) != name, path.size()};
}

// The paths of files in `dir` with this name, in that order.
std::vector<std::string> FilesNamed(const std::string& dir,
                                    absl::string_view name) {
  std::vector<std::string> paths;
  const absl::StatusOr<std::vector<Entry>> entries = List(dir, kMaxEntries);
  if (!entries.ok()) return paths;
  for (const Entry& entry : *entries) {
    if (!entry.is_folder && IsNamed(entry.name, name)) {
      paths.push_back(JoinPath(dir, entry.name));
    }
  }
  std::stable_sort(paths.begin(), paths.end(),
                   [&](const std::string& a, const std::string& b) {
                     return NameRank(a, name) < NameRank(b, name);
                   });
  return paths;
}

bool IsReadableFile(const std::string& path) {
  return FileExists(path) && !IsDirectory(path) &&
         access(path.c_str(), R_OK) == 0;
}

// The results of the search below the input.
struct Findings {
  std::vector<std::string> test_challenges;
  // Other challenges files, for suggestions.
  std::vector<std::string> other_challenges;
  std::vector<std::string> checkpoints;
  int folders = 0;
  std::vector<std::string> notes;
};

// Breadth first, so that the limits cut off only deep folders.
Findings Search(const std::string& input, int max_folders) {
  Findings found;
  std::deque<std::pair<std::string, int>> queue = {{input, 0}};
  // Visited folders, by device and inode.
  std::set<std::pair<dev_t, ino_t>> seen;
  size_t entries_left = kMaxEntries;
  while (!queue.empty()) {
    const auto [dir, depth] = queue.front();
    queue.pop_front();
    struct stat info = {};
    if (stat(dir.c_str(), &info) != 0 ||
        !seen.emplace(info.st_dev, info.st_ino).second) {
      continue;
    }
    if (found.folders == max_folders || entries_left == 0) {
      found.notes.push_back(absl::StrCat(
          "There is too much below ", input, ": the search ended after ",
          found.folders, " folders, before ", dir, "."));
      break;
    }
    ++found.folders;
    const absl::StatusOr<std::vector<Entry>> entries = List(dir, entries_left);
    if (!entries.ok()) {
      found.notes.push_back(
          absl::StrCat("Skipped: ", entries.status().message(), "."));
      continue;
    }
    entries_left -= entries->size();
    for (const auto& [name, is_folder] : *entries) {
      const std::string path = JoinPath(dir, name);
      if (is_folder) {
        if (depth < kMaxDepth) queue.emplace_back(path, depth + 1);
      } else if (IsNamed(name, kTestChallenges)) {
        found.test_challenges.push_back(path);
      } else if (absl::EndsWithIgnoreCase(WithoutPacking(name),
                                          "_challenges.json")) {
        found.other_challenges.push_back(path);
      } else if (name == "checkpoint.json") {
        if (IsReadableFile(JoinPath(dir, "model.safetensors"))) {
          found.checkpoints.push_back(dir);
        } else {
          found.notes.push_back(absl::StrCat(
              "Skipped: ", path, " has no model.safetensors beside it."));
        }
      }
    }
  }
  std::sort(found.checkpoints.begin(), found.checkpoints.end());
  return found;
}

// Tries the known places by name, since the search may end before it reaches
// them.
void TryKnownPlaces(const SiteOptions& options, Findings& found) {
  std::vector<std::string> places = {options.input};
  const std::string competitions = JoinPath(options.input, kCompetitionsFolder);
  for (const std::string& dir : {competitions, options.input}) {
    if (!options.slug.empty()) places.push_back(JoinPath(dir, options.slug));
    const absl::StatusOr<std::vector<Entry>> entries = List(dir, kMaxEntries);
    if (!entries.ok()) continue;
    for (const auto& [name, is_folder] : *entries) {
      if (is_folder) places.push_back(JoinPath(dir, name));
    }
  }
  for (const std::string& place : places) {
    for (std::string& path : FilesNamed(place, kTestChallenges)) {
      found.test_challenges.push_back(std::move(path));
    }
  }
}

struct Candidate {
  std::string path;
  SiteLayout layout = SiteLayout::kSearch;
  std::string slug;
};

Candidate Describe(const std::string& path, const SiteOptions& options) {
  Candidate candidate;
  candidate.path = path;
  const std::string dir = Dirname(path);
  absl::string_view below = dir;
  absl::ConsumePrefix(&below, options.input);
  const std::vector<std::string> parts =
      absl::StrSplit(below, '/', absl::SkipEmpty());
  if (parts.empty()) {
    candidate.layout = SiteLayout::kFolder;
    candidate.slug = Basename(options.input);
    return candidate;
  }
  if (parts.size() == 2 && parts[0] == kCompetitionsFolder) {
    candidate.layout = SiteLayout::kCompetitions;
  } else if (parts.size() == 1) {
    candidate.layout = SiteLayout::kSlug;
  }
  candidate.slug = parts.back();
  for (const std::string& part : parts) {
    if (part == options.slug) {
      candidate.slug = part;
      break;
    }
    if (absl::StrContains(part, kContestName) &&
        !absl::StrContains(candidate.slug, kContestName)) {
      candidate.slug = part;
    }
  }
  return candidate;
}

// Only Kaggle puts files below competitions/; files elsewhere may be copies,
// whose tasks are not scored.
bool IsBetter(const Candidate& a, const Candidate& b, const std::string& slug) {
  const auto rank = [&](const Candidate& c) {
    return std::make_tuple(c.layout != SiteLayout::kFolder,
                           !slug.empty() && c.slug != slug,
                           c.layout == SiteLayout::kSearch,
                           !absl::StrContains(c.slug, kContestName), c.layout);
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (Dirname(a.path) == Dirname(b.path)) {
    return NameRank(a.path, kTestChallenges) <
           NameRank(b.path, kTestChallenges);
  }
  return std::tie(b.slug, a.path) < std::tie(a.slug, b.path);
}

absl::Status NothingFound(const std::string& input, const Findings& found) {
  std::string text =
      absl::StrCat("found no ", kTestChallenges, " below ", input);
  const absl::StatusOr<std::vector<Entry>> entries = List(input, kMaxEntries);
  if (!entries.ok()) {
    absl::StrAppend(&text, ": ", entries.status().message());
  } else {
    absl::StrAppend(&text, " (looked into ", found.folders,
                    " folders, at most ", kMaxDepth, " deep); there is ",
                    NamesText(*entries));
    const std::string competitions = JoinPath(input, kCompetitionsFolder);
    if (IsDirectory(competitions)) {
      const auto contests = List(competitions, kMaxEntries);
      absl::StrAppend(&text, "; in ", kCompetitionsFolder, "/: ",
                      contests.ok() ? NamesText(*contests)
                                    : std::string(contests.status().message()));
    }
  }
  for (const std::string& note : found.notes) {
    absl::StrAppend(&text, "; ", absl::StripSuffix(note, "."));
  }
  absl::StrAppend(&text,
                  "; attach the competition's data to the notebook, or give "
                  "its folder or a challenges file as --input");
  if (!found.other_challenges.empty()) {
    absl::StrAppend(&text, ", e.g. ", found.other_challenges[0]);
  }
  return absl::NotFoundError(text);
}

std::string SizeText(int64_t bytes) {
  return absl::StrFormat("%.1f GiB", static_cast<double>(bytes) / (1 << 30));
}

// Bytes that this process may still write to the folder, which must exist.
absl::StatusOr<int64_t> ScratchBytes(const std::string& dir) {
  if (!IsDirectory(dir)) {
    return absl::NotFoundError(absl::StrCat(dir, ": no such folder"));
  }
  ARCTRM_RETURN_IF_ERROR(CheckWritable(JoinPath(dir, ".arctrm")));
  return FreeBytes(dir);
}

void ChooseScratch(const SiteOptions& options, KaggleEnvironment& site) {
  std::vector<std::string> candidates;
  const auto add = [&](const std::string& dir) {
    if (!dir.empty() && std::find(candidates.begin(), candidates.end(), dir) ==
                            candidates.end()) {
      candidates.push_back(dir);
    }
  };
  if (!options.scratch.empty()) {
    // If this fails, ScratchBytes reports the reason.
    MakeDirectories(options.scratch).IgnoreError();
    add(options.scratch);
  }
  const char* const temporary = std::getenv("TMPDIR");
  if (temporary != nullptr) add(temporary);
  for (const char* dir : {"/tmp", "/dev/shm"}) add(dir);
  add(options.working);

  std::vector<std::pair<std::string, int64_t>> roomy, small;
  for (const std::string& dir : candidates) {
    const absl::StatusOr<int64_t> free = ScratchBytes(dir);
    if (!free.ok()) {
      site.notes.push_back(
          absl::StrCat("No scratch folder: ", free.status().message(), "."));
    } else if (*free < options.scratch_bytes) {
      site.notes.push_back(absl::StrCat(
          "Scratch folder with little space: ", dir, " has ", SizeText(*free),
          " free of the ", SizeText(options.scratch_bytes), " wanted."));
      small.emplace_back(dir, *free);
    } else {
      roomy.emplace_back(dir, *free);
    }
  }
  std::stable_sort(
      small.begin(), small.end(),
      [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& list : {roomy, small}) {
    for (const auto& [dir, free] : list) {
      if (site.scratch_folders.empty()) site.scratch_free_bytes = free;
      site.scratch_folders.push_back(dir);
    }
  }
  site.notes.push_back(
      site.scratch_folders.empty()
          ? "There is no writable scratch folder."
          : absl::StrCat("Scratch folder: ", site.scratch_folders[0], ", ",
                         SizeText(site.scratch_free_bytes), " free."));
}

std::string Beside(const KaggleEnvironment& site, absl::string_view name) {
  for (const std::string& path : FilesNamed(Dirname(site.challenges), name)) {
    if (path != site.challenges && IsReadableFile(path)) return path;
  }
  return "";
}

void FindNeighbours(KaggleEnvironment& site) {
  site.training_challenges = Beside(site, "arc-agi_training_challenges.json");
  site.training_solutions = Beside(site, "arc-agi_training_solutions.json");
  site.evaluation_challenges =
      Beside(site, "arc-agi_evaluation_challenges.json");
  site.evaluation_solutions = Beside(site, "arc-agi_evaluation_solutions.json");
  site.sample_submission = Beside(site, "sample_submission.json");
  std::vector<std::string> names;
  for (const std::string* path :
       {&site.training_challenges, &site.training_solutions,
        &site.evaluation_challenges, &site.evaluation_solutions,
        &site.sample_submission}) {
    if (!path->empty()) names.push_back(Basename(*path));
  }
  site.notes.push_back(absl::StrCat("Beside it: ",
                                    names.empty()
                                        ? "none of the contest's other files"
                                        : absl::StrJoin(names, ", "),
                                    "."));
}

// Sets site.rerun and site.stand_ins.
void FindStandIns(KaggleEnvironment& site) {
  const char* const variable = std::getenv(kRerunVariable);
  site.rerun = variable != nullptr && *variable != '\0';
  if (site.rerun) {
    site.notes.push_back(
        absl::StrCat("This is the scored run (", kRerunVariable,
                     " is set): the tasks are the hidden ones."));
    return;
  }
  const std::string what = absl::StrCat("This is not the scored run (",
                                        kRerunVariable, " is not set)");
  if (site.training_challenges.empty()) {
    site.notes.push_back(absl::StrCat(
        what, ": without a training file the tasks cannot be compared."));
    return;
  }
  const absl::StatusOr<TaskFiles> tasks = ReadTasks(site.challenges);
  const absl::StatusOr<TaskFiles> training =
      ReadTasks(site.training_challenges);
  for (const auto* files : {&tasks, &training}) {
    if (files->ok()) continue;
    site.notes.push_back(absl::StrCat(
        what, "; no comparison possible: ", files->status().message(), "."));
    return;
  }
  std::set<absl::string_view> known;
  for (const Task& task : training->challenges.tasks) known.insert(task.id);
  const std::vector<Task>& asked = tasks->challenges.tasks;
  const auto shared = std::count_if(
      asked.begin(), asked.end(),
      [&](const Task& task) { return known.count(task.id) == 1; });
  site.stand_ins = static_cast<size_t>(shared) == asked.size();
  site.notes.push_back(absl::StrCat(
      what, ": ", shared, " of the ", asked.size(), " tasks are training tasks",
      site.stand_ins ? ", so they are stand-in tasks." : "."));
}

}  // namespace

absl::string_view SiteLayoutText(SiteLayout layout) {
  switch (layout) {
    case SiteLayout::kFile:
      return "the given file";
    case SiteLayout::kFolder:
      return "in the given folder";
    case SiteLayout::kCompetitions:
      return "competitions/<slug>/";
    case SiteLayout::kSlug:
      return "<slug>/";
    case SiteLayout::kSearch:
      return "found by searching";
  }
  return "";
}

absl::StatusOr<KaggleEnvironment> FindSite(const SiteOptions& given) {
  SiteOptions options = given;
  while (options.input.size() > 1 && options.input.back() == '/') {
    options.input.pop_back();
  }
  KaggleEnvironment site;
  if (FileExists(options.input) && !IsDirectory(options.input)) {
    site.challenges = options.input;
    site.slug = Basename(Dirname(options.input));
    site.notes.push_back(
        absl::StrCat("Tasks to answer: ", site.challenges, "."));
  } else {
    Findings found = Search(options.input, options.max_folders);
    TryKnownPlaces(options, found);
    std::vector<Candidate> candidates;
    // The known places are usually found twice.
    const std::set<std::string> paths(found.test_challenges.begin(),
                                      found.test_challenges.end());
    for (const std::string& path : paths) {
      if (IsReadableFile(path)) {
        candidates.push_back(Describe(path, options));
      } else {
        found.notes.push_back(
            absl::StrCat("Skipped: ", path, " can't be read."));
      }
    }
    if (candidates.empty()) return NothingFound(options.input, found);
    std::sort(candidates.begin(), candidates.end(),
              [&](const Candidate& a, const Candidate& b) {
                return IsBetter(a, b, options.slug);
              });
    const Candidate& best = candidates[0];
    site.challenges = best.path;
    site.layout = best.layout;
    site.slug = best.slug;
    site.notes.push_back(absl::StrCat("Tasks to answer: ", site.challenges,
                                      " (", SiteLayoutText(best.layout), ")."));
    if (!options.slug.empty() && best.slug != options.slug) {
      site.notes.push_back(absl::StrCat("There is no ", options.slug, " below ",
                                        options.input, ": took ", best.slug,
                                        "."));
    }
    for (size_t i = 1; i < candidates.size(); ++i) {
      site.notes.push_back(
          absl::StrCat("Not used: ", candidates[i].path,
                       Dirname(candidates[i].path) == Dirname(best.path)
                           ? "; to use it, give it as --input."
                           : "; to use it, give its folder as --input."));
    }
    site.checkpoints = std::move(found.checkpoints);
    for (std::string& note : found.notes) {
      site.notes.push_back(std::move(note));
    }
    for (const std::string& checkpoint : site.checkpoints) {
      site.notes.push_back(absl::StrCat("Checkpoint: ", checkpoint, "."));
    }
  }
  FindNeighbours(site);
  FindStandIns(site);
  ChooseScratch(options, site);
  return site;
}

}  // namespace arctrm
