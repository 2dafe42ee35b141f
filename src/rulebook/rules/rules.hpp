// rulebook/rules/rules.hpp - the rules of each receiver, for the registry.
#pragma once

#include <span>

#include "rulebook/rule.hpp"

namespace ptarmigan::rulebook {

[[nodiscard]] std::span<const Rule> gmail_rules();

}  // namespace ptarmigan::rulebook
