// adapt/map_service.hpp - the running `ptarmigan map`: answers on one thread from memory, judges on another, with the
// same judge as the server (relay::Router: facts, rulebook, standing), and refreshes what is answered. Threads: run()
// blocks the caller's thread and judges there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapt/process.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace ptarmigan::adapt {

struct MapOptions {
  std::vector<int> sockets = {};       ///< listening; owned from then on
  Descriptor lifeline = Descriptor();  ///< of the watcher (supervise.hpp), where there is one
  std::string state = {};              ///< file that keeps what refusals taught; "" for none
  milliseconds refresh{1'000};         ///< between two judgements
  std::function<void(const std::string&)> log = {};
};

class MapService {
 public:
  static Result<std::unique_ptr<MapService>> create(config::Config config, MapOptions options);
  ~MapService();
  MapService(const MapService&) = delete;
  MapService& operator=(const MapService&) = delete;

  enum class End { told_to_stop, watcher_gone };
  /// Until SIGTERM or SIGINT, or until the lifeline ends.
  [[nodiscard]] Result<End> run();

 private:
  class Impl;
  explicit MapService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::adapt
