// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "train_host/plot/axis.h"
#include "train_host/plot/metrics_log.h"

namespace quanta::train {

/// A line of a panel.
struct Curve {
  std::string name;          ///< for the legend
  size_t run = 0;            ///< which of the logs it comes from
  bool evaluation = false;   ///< few points that count, each one shown
  std::vector<Point> raw;    ///< every point, or the least and the largest of neighbours
  std::vector<Point> means;  ///< of neighbours: what raw comes to
};

/// One picture of the plot.
struct Panel {
  std::string title;
  std::vector<Curve> curves;
  Axis x, y;
};

/// The panels that the logs have something for: loss, learning rate, gradient norm, tokens/s.
std::vector<Panel> MakePanels(std::span<const MetricsLog> logs);

/// `points` in at most `buckets` groups of neighbours: the least and the largest of each.
std::vector<Point> Extremes(std::span<const Point> points, size_t buckets);
/// The same groups: their means.
std::vector<Point> Means(std::span<const Point> points, size_t buckets);

}  // namespace quanta::train
