// rulebook/rules/rules.hpp - the rules of each receiver, for the registry.
#pragma once

#include <span>

#include "rulebook/rule.hpp"

namespace ptarmigan::rulebook {

[[nodiscard]] std::span<const Rule> apple_rules();
[[nodiscard]] std::span<const Rule> exchange_online_rules();
[[nodiscard]] std::span<const Rule> gmail_rules();
[[nodiscard]] std::span<const Rule> gmx_rules();
[[nodiscard]] std::span<const Rule> outlook_rules();
[[nodiscard]] std::span<const Rule> yahoo_rules();

}  // namespace ptarmigan::rulebook
