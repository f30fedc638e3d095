// SPDX-License-Identifier: MIT
#include "train_host/plot/panels.h"

#include <algorithm>
#include <utility>

namespace quanta::train {
namespace {

constexpr size_t kRawBuckets = 400;  // more could not be told apart
constexpr size_t kMeanBuckets = 80;

/// Calls group(neighbours) for each of at most `buckets` groups of about equal size.
template <class Group>
void ForEachGroup(std::span<const Point> points, size_t buckets, const Group& group) {
  const size_t count = std::min(buckets, points.size());
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = points.size() * i / count;
    const size_t end = points.size() * (i + 1) / count;
    group(points.subspan(begin, end - begin));
  }
}

bool ByValue(const Point& a, const Point& b) { return a.value < b.value; }

Curve MakeCurve(std::string name, size_t run, bool evaluation, const std::vector<Point>& points) {
  Curve curve{std::move(name), run, evaluation, {}, {}};
  if (evaluation) {
    curve.raw = curve.means = Extremes(points, kMeanBuckets);
    return curve;
  }
  curve.raw = Extremes(points, kRawBuckets);
  curve.means = Means(points, kMeanBuckets);
  return curve;
}

/// A panel of what the logs have, or nothing is added.
class Builder {
 public:
  Builder(std::span<const MetricsLog> logs, std::vector<Panel>* panels)
      : logs_(logs), panels_(*panels) {}

  using Series = std::vector<Point> MetricsLog::*;

  void Add(const char* title, Axis::Kind kind, Series series, Series evaluation = nullptr) {
    std::vector<Curve> curves;
    for (size_t run = 0; run < logs_.size(); ++run) {
      const MetricsLog& log = logs_[run];
      const std::string prefix = logs_.size() > 1 ? log.name : "";
      const auto add = [&](const std::vector<Point>& points, bool evaluates) {
        if (points.empty()) return;
        std::string name = prefix;
        if (evaluation != nullptr) {
          name += prefix.empty() ? "" : ", ";
          name += evaluates ? "evaluation" : "training";
        }
        curves.push_back(MakeCurve(std::move(name), run, evaluates, points));
      };
      add(log.*series, false);
      if (evaluation != nullptr) add(log.*evaluation, true);
    }
    if (curves.empty()) return;
    const auto [x, y] = Ranges(curves);
    panels_.push_back({title, std::move(curves), Axis(Axis::Kind::kTight, x.first, x.second),
                       Axis(kind, y.first, y.second)});
  }

 private:
  using Range = std::pair<double, double>;

  static std::pair<Range, Range> Ranges(const std::vector<Curve>& curves) {
    const Point start = curves.front().raw.front();
    Range x{start.step, start.step}, y{start.value, start.value};
    for (const Curve& curve : curves) {
      for (const Point& point : curve.raw) {
        x = {std::min(x.first, point.step), std::max(x.second, point.step)};
        y = {std::min(y.first, point.value), std::max(y.second, point.value)};
      }
    }
    return {x, y};
  }

  std::span<const MetricsLog> logs_;
  std::vector<Panel>& panels_;
};

}  // namespace

std::vector<Point> Extremes(std::span<const Point> points, size_t buckets) {
  if (points.size() <= 2 * buckets) return {points.begin(), points.end()};
  std::vector<Point> kept;
  ForEachGroup(points, buckets, [&](std::span<const Point> group) {
    const auto [least, largest] = std::minmax_element(group.begin(), group.end(), ByValue);
    kept.push_back(*std::min(least, largest));
    if (least != largest) kept.push_back(*std::max(least, largest));
  });
  return kept;
}

std::vector<Point> Means(std::span<const Point> points, size_t buckets) {
  std::vector<Point> means;
  ForEachGroup(points, buckets, [&](std::span<const Point> group) {
    Point sum{0, 0};
    for (const Point& point : group) {
      sum.step += point.step;
      sum.value += point.value;
    }
    const auto count = static_cast<double>(group.size());
    means.push_back({sum.step / count, sum.value / count});
  });
  return means;
}

std::vector<Panel> MakePanels(std::span<const MetricsLog> logs) {
  std::vector<Panel> panels;
  Builder builder(logs, &panels);
  builder.Add("loss", Axis::Kind::kAutomatic, &MetricsLog::loss, &MetricsLog::eval_loss);
  builder.Add("learning rate", Axis::Kind::kFromZero, &MetricsLog::lr);
  builder.Add("gradient norm", Axis::Kind::kAutomatic, &MetricsLog::grad_norm);
  builder.Add("tokens/s", Axis::Kind::kFromZero, &MetricsLog::tokens_per_second);
  return panels;
}

}  // namespace quanta::train
