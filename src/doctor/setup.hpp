// doctor/setup.hpp - what is examined: a domain, the addresses that its mail leaves from, how it is signed, a sample
// message, and what was seen of its own mail hosts. Threads: values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/message_facts.hpp"
#include "rulebook/judge.hpp"

namespace ptarmigan::doctor {

/// A visit to one address of an own MX host; DNS says nothing of it.
struct SeenHost {
  dns::DomainName host;
  IpAddress address;
  enum class Tls {
    no_connection,
    none,       ///< no STARTTLS is offered, or the handshake failed
    untrusted,  ///< encrypted; the certificate is not one that MTA-STS senders accept for this name
    trusted,
  } tls = Tls::no_connection;
  std::string detail = {};  ///< the error, or the certificate's trouble
};

/// A connection to port 25 of a receiver's host, made from an own address.
struct SeenWayOut {
  IpAddress source;
  dns::DomainName host;
  Result<> connected;
};

/// The age of a private key, as its file tells it.
struct SeenKey {
  dns::DomainName domain;
  std::string selector;
  unsigned days = 0;
};

/// The web page behind the EHLO name: its status, or why there is none.
struct SeenPage {
  dns::DomainName host;
  Result<unsigned> status;
};

/// What was seen apart from DNS; absent where nobody looked.
struct Seen {
  std::vector<SeenWayOut> ways_out = {};
  std::vector<SeenKey> keys = {};
  std::vector<SeenPage> pages = {};
  std::optional<std::vector<SeenHost>> hosts = {};
  /// The MTA-STS policy file as fetched, or why it could not be.
  std::optional<Result<std::string>> sts_policy = {};
};

/// A host's pair of addresses and the name that it says in EHLO from both.
struct Source {
  std::optional<IpAddress> ipv4 = {};
  std::optional<IpAddress> ipv6 = {};
  std::string ehlo_name;
};

struct Setup {
  dns::DomainName domain;  ///< of From
  std::vector<Source> sources;
  /// The envelope sender; <postmaster@domain> where absent.
  std::optional<smtp::ReversePath> mail_from = {};
  /// The signatures that mail gets; nothing where it is not known whether mail is signed, empty where it is not.
  std::optional<std::vector<rulebook::Signature>> signatures = {};
  std::optional<rulebook::Hop> hop = {};
  /// Of a sample message, where there is one.
  std::optional<rulebook::HeaderFacts> header = {};
  std::optional<MessageFacts> message = {};
  rulebook::Stream stream = rulebook::Stream::unknown;
  std::vector<const rulebook::Receiver*> receivers;
  /// Named checks beside the receivers' rules, with the lists that are asked and what was seen apart from DNS.
  enum class Checks { none, all } checks = Checks::all;
  std::vector<dns::DomainName> address_lists = {};
  std::vector<dns::DomainName> domain_lists = {};
  Seen seen = {};
};

}  // namespace ptarmigan::doctor
