/* libspf2 on the SPF world of bench/auth.py, held in its own in-memory zone. usage: libspf2 SECONDS
   zone_records is what bench/auth.py writes: R(name, type, data) lines. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <spf2/spf.h>
#include <spf2/spf_dns_zone.h>

/* CPU time: other work on this machine does not count. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void evaluate(SPF_server_t *server) {
  SPF_request_t *request = SPF_request_new(server);
  SPF_response_t *response = NULL;
  SPF_request_set_ipv4_str(request, "192.0.2.10");
  SPF_request_set_helo_dom(request, "mx.example.com");
  SPF_request_set_env_from(request, "sender@example.com");
  SPF_request_query_mailfrom(request, &response);
  if (SPF_response_result(response) != SPF_RESULT_PASS) {
    fprintf(stderr, "libspf2: %s\n", SPF_strresult(SPF_response_result(response)));
    exit(1);
  }
  SPF_response_free(response);
  SPF_request_free(request);
}

int main(int count, char **words) {
  if (count != 2) return fprintf(stderr, "usage: libspf2 SECONDS\n"), 1;
  double seconds = atof(words[1]);
  SPF_dns_server_t *zone = SPF_dns_zone_new(NULL, "zone", 0);
#define R(name, type, data) SPF_dns_zone_add_str(zone, name, type, NETDB_SUCCESS, data);
#include "zone_records"
  SPF_server_t *server = SPF_server_new_dns(zone, 0);
  SPF_server_set_rec_dom(server, "mx.test");
  evaluate(server);
  long done = 0;
  double began = now(), spent;
  do {
    evaluate(server);
    ++done;
  } while ((spent = now() - began) < seconds);
  printf("{\"who\": \"libspf2\", \"what\": \"spf\", \"rate\": %.2f}\n", done / spent);
  return 0;
}
