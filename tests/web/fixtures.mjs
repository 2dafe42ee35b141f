// tests/web/fixtures.mjs - answers of the API as a busy server, a new one, and one whose every text is HTML would give them.
const NOW = Date.now();
const at = (minutes) => new Date(NOW - minutes * 60000).toISOString().slice(0, 19) + "Z";
const tally = (delivered, deferred = 0, bounced = 0, rescued = 0) => ({ delivered, deferred, bounced, rescued, recipients: delivered });

const incident = {
  id: 1, key: "refusal|2001:db8::1|gmail|gmail.ptr", kind: "refusal", opened: at(42), closed: null, last_seen: at(2), hits: 17, site: "gmail", source: "2001:db8::1", domain: "",
  cause: "ptr", rule: "gmail.ptr", title: "Gmail refuses mail from 2001:db8::1: no valid reverse DNS (PTR)", why: "2001:db8::1 has no PTR record; the check agrees with the reply.",
  fix: "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR mail.example.com.", closed_why: "",
};
const rule = {
  id: "gmail.ptr", receiver: "gmail", title: "The sending address has a PTR record, and its name leads back to the address",
  consequence: "Mail is refused with 550 5.7.25, over IPv6 with 550 5.7.1.", remedy: "Publish a PTR record for the address at whoever delegates it, and an A or AAAA record for its name.",
  effect: "refuse", scope: "all senders", families: "both", visibility: "judged",
  source: { title: "Email sender guidelines", url: "https://support.google.com/mail/answer/81126", date: "2026-03-21", confidence: "documented" },
};
const attempt = (n, outcome, route, family, reply) => ({
  id: "1KDR4V8QZ0001", group: 0, time: at(n), duration_ms: 412, mail_from: "news@example.com", recipients: ["anna.very.long.address@gmail.com"], site: "gmail", route, family,
  peer: family === "IPv6" ? "[2001:db8:feed::1]:25" : "203.0.113.5:25", mx_host: "gmail-smtp-in.l.google.com", ehlo_name: "mail.example.com",
  tls: { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", verified: "mta-sts" }, reply_code: outcome === "delivered" ? 250 : 550, enhanced_status: outcome === "delivered" ? "2.0.0" : "5.7.1",
  reply, stage: "end_of_data", cause: outcome === "delivered" ? "" : "sending_address", kind: outcome === "delivered" ? "" : "ptr", rule: outcome === "delivered" ? "" : "gmail.ptr", outcome,
  next_step: outcome === "rescued" ? "goes on over the next route" : "", message_id: "a@example.com",
  considered: { standing: "enforce", prefer: "ipv6", routes: [
    { route: "2001:db8::1", source: "main", family: "IPv6", standing: outcome === "rescued" ? "good" : "poor", why: "2001:db8::1 has no PTR record", rules: ["gmail.ptr"], reason: "preferred family", chosen: family === "IPv6", usable: true, last_resort: false },
    { route: "192.0.2.1", source: "main", family: "IPv4", standing: "good", why: "", rules: [], reason: "in good standing", chosen: family === "IPv4", usable: true, last_resort: false },
  ] },
});
const refused = "550-5.7.1 [2001:db8::1] Our system has detected that this message does not meet\n550-5.7.1 IPv6 sending guidelines regarding PTR records and authentication.\n550 5.7.1 gsmtp";
const path = [attempt(41, "rescued", "2001:db8::1", "IPv6", refused), attempt(40, "delivered", "192.0.2.1", "IPv4", "250 2.0.0 OK 1732400000 gsmtp")];
const cell = (route, site, standing, t, extra = {}) => ({ route, site, standing, why: "", rules: [], since: at(900), tally: t, kind: "", rule: "", ...extra });
const points = (of, scale) => Array.from({ length: 47 }, (_, i) => ({ time: new Date(Math.floor(NOW / 3600000 - 46 + i) * 3600000).toISOString().slice(0, 19) + "Z", of,
  tally: tally(Math.round(scale * (60 + 40 * Math.sin(i / 4))), Math.round(scale * (i % 5)), i === 40 ? 9 : 0) }));

const queued = { id: "1KDR4V8QZ0001", accepted_at: at(43), mail_from: "news@example.com", header_from_domain: "example.com", size: 4096, stream: "", client: "127.0.0.1", user: "",
  groups: [{ group: 1, domain: "yahoo.com", recipients: ["bob@yahoo.com"], created: at(43), next_attempt: at(-5), attempts: 2, held: false, site: "yahoo", cause: "rate", last_reply: "421 4.7.0 [TSS04] Messages temporarily deferred", first_refusal: null, tried_routes: [], in_delivery: false, waits_for: "pacing: 1 message a minute" }] };

const full = {
  me: { name: "anna", role: "operate" },
  home: {
    version: 1, now: at(0), hostname: "mail.example.com", server: { running: true, draining: false, spool: "running", reason: "", waiting: 31, in_delivery: 4 },
    sources: [
      { route: "192.0.2.1", name: "main", family: "IPv4", kind: "address", ehlo: "mail.example.com" },
      { route: "2001:db8::1", name: "main", family: "IPv6", kind: "address", ehlo: "mail.example.com" },
      { route: "relay smtp.relayservice.com", name: "smtp.relayservice.com", family: "", kind: "relay", ehlo: "smtp.relayservice.com" },
    ],
    sites: ["gmail", "yahoo", "outlook", "gmx", "mx1.example.net,mx2.example.net"],
    cells: [
      cell("192.0.2.1", "gmail", "good", tally(5120, 3)), cell("2001:db8::1", "gmail", "poor", tally(880, 0, 0, 17), { why: "has no PTR record", rules: ["gmail.ptr"], since: at(42), kind: "ptr", rule: "gmail.ptr" }),
      cell("192.0.2.1", "yahoo", "good", tally(921, 12, 4)), cell("2001:db8::1", "yahoo", "unknown", tally(0)), cell("192.0.2.1", "outlook", "probation", tally(31, 8), { why: "3 more messages end the probation", rules: ["outlook.reputation"] }),
      cell("2001:db8::1", "gmx", "good", tally(77)), cell("192.0.2.1", "mx1.example.net,mx2.example.net", "good", tally(12)),
      cell("relay smtp.relayservice.com", "outlook", "", tally(310)),
    ],
    total: tally(7351, 23, 4, 17),
    queue: { messages: 31, groups: 33, octets: 4200000, held: 2, sites: [
      { site: "outlook", groups: 21, due: 0, held: 0, oldest: at(190), causes: { rate: 20, reputation: 1 } }, { site: "yahoo", groups: 10, due: 1, held: 2, oldest: at(35), causes: { site: 8, "": 2 } }, { site: "", groups: 2, due: 2, held: 0, oldest: at(0), causes: { "": 2 } } ] },
    incidents: [incident, { ...incident, id: 2, kind: "queue", title: "Mail to Outlook.com waits for 3 hours", why: "20 deliveries wait: refused for rate.", fix: "", site: "outlook", source: "", rule: "", cause: "rate", hits: 1, opened: at(100) }],
  },
  rates: { version: 1, step: "hour", points: points("", 1) },
  families: { version: 1, step: "hour", points: [...points("IPv4", 0.8), ...points("IPv6", 0.2)] },
  incidents: { version: 1, incidents: [incident, { ...incident, id: 3, closed: at(5), closed_why: "the PTR record is back", title: "Yahoo refuses mail from 192.0.2.1: DMARC" }] },
  incident: { version: 1, incident, evidence: { question: "1.0.0.0.ip6.arpa PTR", answer: "no such name" }, rule, affected: path,
    events: [{ time: at(42), what: "opened", text: "refused with 550 5.7.1" }, { time: at(41), what: "alerted", text: "by mail to postmaster" }, { time: at(2), what: "checked", text: "still no PTR record" }] },
  messages: { version: 1, attempts: [path[1], path[0], { ...path[1], outcome: "bounced", reply: "550 5.1.1 no such user", id: "1KDR4V8QZ0002" }, { ...path[1], outcome: "deferred", reply: "421 4.7.28 rate", id: "1KDR4V8QZ0003" }] },
  message: { version: 1, id: "1KDR4V8QZ0001", attempts: path, rules: [rule],
    queued },
  queue: { version: 1, next: "1KDR4V8QZ0009", messages: [
    queued, { ...queued, id: "1KDR4V8QZ0005", stream: "bulk", groups: [{ ...queued.groups[0], held: true, waits_for: "", recipients: ["a@yahoo.com", "b@yahoo.com", "c@yahoo.com", "d@yahoo.com"] }] },
    { ...queued, id: "1KDR4V8QZ0006", mail_from: "", groups: [{ ...queued.groups[0], site: "", cause: "", last_reply: "", attempts: 0, waits_for: "", in_delivery: true }] } ] },
  domains: { version: 1, domains: [{ name: "example.com", selectors: ["s1", "s2"] }, { name: "example.org", selectors: [] }] },
  domain: { version: 1, name: "example.com", planned: [{ name: "s1._domainkey.example.com", type: "TXT", text: 's1._domainkey.example.com. 3600 IN TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0"', purpose: "the key that mail is signed with" }],
    seen: [{ time: at(4000), name: "example.com.", type: "TXT", status: "found", records: 'example.com. 300 IN TXT "v=spf1 ip4:192.0.2.1 -all"', diff: "" }],
    history: [{ time: at(4000), name: "example.com.", type: "TXT", status: "found", records: "", diff: '- "v=spf1 -all"\n+ "v=spf1 ip4:192.0.2.1 -all"' }],
    dmarc: Array.from({ length: 20 }, (_, i) => ({ day: at((20 - i) * 1440).slice(0, 10) + "T00:00:00Z", family: 4, own: true, messages: 100 + i * 3, passed: 97 + i * 3, dkim: 95, spf: 90 }))
      .flatMap((day, i) => [day, { ...day, own: false, messages: 4 + (i % 5), passed: i % 3 }]),
    sources: [{ source_ip: "192.0.2.1", own: true, header_from: "example.com", dkim: true, spf: true, dkim_domain: "example.com", spf_domain: "example.com", disposition: "none", messages: 1900 }, { source_ip: "198.51.100.7", own: false, header_from: "example.com", dkim: false, spf: false, dkim_domain: "", spf_domain: "evil.example", disposition: "reject", messages: 12 }],
    tls: Array.from({ length: 10 }, (_, i) => ({ day: at((10 - i) * 1440).slice(0, 10) + "T00:00:00Z", policy: "sts", result: "success", mx_host: "mx.example.com", sessions: 50 + i }))
      .flatMap((day, i) => [day, { ...day, result: "certificate-expired", sessions: i % 4 }]) },
  figures: { version: 1, figures: [
    ...Array.from({ length: 20 }, (_, i) => ({ provider: "google-postmaster", subject: "example.com", day: at((20 - i) * 1440).slice(0, 10) + "T00:00:00Z", metric: "spam_rate", millionths: 400 + 90 * i, text: "" })),
    ...[["SPF", "COMPLIANT"], ["DKIM", "COMPLIANT"], ["DNS_RECORDS", "NEEDS_WORK"], ["ONE_CLICK_UNSUBSCRIBE", "NEEDS_WORK: NO_UNSUB_GENERAL"]].map(([name, text]) => ({ provider: "google-postmaster", subject: "example.com", day: at(0).slice(0, 10) + "T00:00:00Z", metric: `compliance.${name}`, millionths: 0, text })),
    ...[["recipients", 1894e6, ""], ["filter", 0, "GREEN"], ["complaint_rate", 1000, "< 0.1%"], ["trap_hits", 0, ""]].map(([metric, millionths, text]) => ({ provider: "snds", subject: "192.0.2.1", day: at(1440).slice(0, 10) + "T00:00:00Z", metric, millionths, text })),
    ...[["recipients", 40e6, ""], ["filter", 0, "RED"], ["blocked", 1e6, "Blocked due to user complaints"]].map(([metric, millionths, text]) => ({ provider: "snds", subject: "2001:db8::1", day: at(1440).slice(0, 10) + "T00:00:00Z", metric, millionths, text })),
  ] },
  rules: { version: 1, rules: [rule, { ...rule, id: "yahoo.spf", receiver: "yahoo", title: "SPF passes", effect: "defer", visibility: "seen by the receiver only" }] },
  settings: { version: 1, file: "/etc/ptarmigan/ptarmigan.toml", settings: [
    { path: "hostname", kind: "host name", default: "", bounds: "", meaning: "This server's own name.", value: '"mail.example.com"', origin: "/etc/ptarmigan/ptarmigan.toml:1" },
    { path: "source[0].ipv4", kind: "IPv4 address", default: "", bounds: "", meaning: "The IPv4 address that mail leaves from.", value: '"192.0.2.1"', origin: "/etc/ptarmigan/ptarmigan.toml:4" },
    { path: "relay[0].password", kind: "text", default: "", bounds: "", meaning: "The relay's password.", value: "(hidden)", origin: "/etc/ptarmigan/ptarmigan.toml:9" },
    { path: "delivery.probes", kind: "number", default: "3", bounds: "1 to 100", meaning: "Accepted messages that end a probation.", value: "3", origin: "default" } ] },
  rehearsal: { version: 1, listen: ["127.0.0.1:2525"], receiver: "gmail", journal: "/tmp/journal", sessions: [
    { time: at(3), id: "1", peer: "2001:db8::1", family: "IPv6", ehlo: "mail.example.com", tls: true, mail_from: "a@example.com", stage: "end_of_data", size: 900, accepted: false, recipients: ["b@gmail.com"],
      reply: ["550-5.7.1 IPv6 sending guidelines"], rule: "gmail.ptr", why: "2001:db8::1 has no PTR record" },
    { time: at(4), id: "2", peer: "192.0.2.1", family: "IPv4", ehlo: "mail.example.com", tls: false, mail_from: "", stage: "end_of_data", size: 900, accepted: true, recipients: ["b@gmail.com"], score: "9.5 of 10", file: "x" }] },
};

const empty = {
  me: { name: "", role: "read" },
  home: { ...full.home, server: null, cells: [], sites: [], total: tally(0), queue: null, incidents: [] },
  rates: { version: 1, step: "hour", points: [] }, families: { version: 1, step: "hour", points: [] }, incidents: { version: 1, incidents: [] },
  incident: full.incident, messages: { version: 1, attempts: [] }, queue: { version: 1, messages: [] }, message: { ...full.message, attempts: [] }, domains: { version: 1, domains: [] },
  figures: { version: 1, figures: [] },
  domain: { ...full.domain, planned: [], seen: [], history: [], dmarc: [], sources: [], tls: [] }, rules: { version: 1, rules: [] }, settings: { version: 1, file: "p.toml", settings: [] },
  rehearsal: { ...full.rehearsal, journal: "", sessions: [] },
};

const EVIL = `"><img src=x onerror="window.evil=1"><script>window.evil=1</script><b data-evil>`;
const KEPT = /^(\d{4}-\d\d-\d\d(T.*)?|IPv[46]|good|poor|probation|unknown|delivered|deferred|bounced|rescued|refuse|defer|running|read|operate|relay|address|judged|both|default)$/;
function spoilt(value, key = "") {
  if (typeof value === "string") return KEPT.test(value) ? value : key === "url" ? "javascript:window.evil=1" : value + EVIL;
  if (Array.isArray(value)) return value.map((item) => spoilt(item));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, spoilt(inner, name)]));
  return value;
}

const worlds = { full, empty, hostile: spoilt(full) };

export function answerFor(kind, url) {
  const world = worlds[kind];
  const [, , , place, id] = url.pathname.split("/");
  if (place === "rates" && url.searchParams.get("by") === "family") return world.families;
  if (id) return { incidents: world.incident, messages: world.message, domains: world.domain }[place];
  return world[place];
}
