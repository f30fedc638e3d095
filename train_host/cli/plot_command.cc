// SPDX-License-Identifier: MIT
#include "train_host/cli/plot_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <vector>

#include "converter/error.h"
#include "converter/writer/atomic_file.h"
#include "train_host/plot/metrics_log.h"
#include "train_host/plot/panels.h"
#include "train_host/plot/svg.h"
#include "train_host/plot/terminal.h"

namespace quanta::train {
namespace {

constexpr const char* kDescription =
    "Draws loss, learning rate, gradient norm and tokens/s over the steps of runs, from their\n"
    "metrics.jsonl: on the terminal, or as an SVG file.\n";
constexpr const char* kFooter =
    "Examples:\n"
    "  quanta-train plot runs/demo\n"
    "  quanta-train plot runs/a runs/b -o both.svg --title 'a and b'";
constexpr int kDefaultWidth = 80;
constexpr int kMostWidth = 200;

int TerminalWidth() {
  winsize size = {};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? std::min(static_cast<int>(size.ws_col), kMostWidth) : kDefaultWidth;
}

void WriteSvg(const std::string& path, const std::string& svg) {
  ErrorDetail detail;
  auto file = converter::Value(writer::AtomicFile::Create(path, &detail), detail, path);
  converter::Check(file.Write(std::as_bytes(std::span(svg)), &detail), detail, path);
  converter::Check(file.Commit(&detail), detail, path);
}

}  // namespace

int RunPlot(Arguments arguments) {
  std::vector<std::string> paths;
  std::string output, title;
  int width = 0;
  CLI::App app(kDescription, "plot");
  app.footer(kFooter);
  app.add_option("RUN", paths, "A run's folder, or its metrics.jsonl; several are drawn together")
      ->required()
      ->type_name("");
  app.add_option("-o,--output", output, "Write an SVG file instead")->type_name("FILE");
  app.add_option("--title", title, "Of the SVG file (the runs' names)")->type_name("TEXT");
  app.add_option("--width", width, "Characters in a line (the terminal's)")
      ->check(CLI::Range(20, kMostWidth))
      ->type_name("N");
  if (const std::optional<int> done = ParseArguments(app, arguments)) return *done;

  std::vector<MetricsLog> logs;
  std::string names;
  for (const std::string& path : paths) {
    logs.push_back(ReadMetrics(path));
    names += (names.empty() ? "" : ", ") + logs.back().name;
    if (!logs.back().note.empty()) Note(logs.back().note);
  }
  const std::vector<Panel> panels = MakePanels(logs);
  if (output.empty()) {
    Print(ToTerminal(panels, width == 0 ? TerminalWidth() : width));
  } else {
    WriteSvg(output, ToSvg(panels, title.empty() ? names : title));
  }
  return 0;
}

}  // namespace quanta::train
