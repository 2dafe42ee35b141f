// rulebook/subject.cpp - what follows from the fields of a subject.
#include "rulebook/subject.hpp"

namespace ptarmigan::rulebook {
std::string_view to_string(Stream stream) {
  switch (stream) {
    case Stream::unknown: return "unknown";
    case Stream::transactional: return "transactional";
    case Stream::bulk: return "bulk";
  }
  return {};
}

std::optional<dns::DomainName> Subject::author_domain() const {
  if (!header_from || header_from->empty()) return std::nullopt;
  for (const auto& domain : *header_from)
    if (domain != header_from->front()) return std::nullopt;
  return header_from->front();
}

std::string Subject::spf_domain() const {
  if (mail_from && mail_from->mailbox) return mail_from->mailbox->domain;
  return ehlo_name.value_or("");
}

}  // namespace ptarmigan::rulebook
