"""OpenDKIM's library (Debian: libopendkim11) as a peer, through ctypes: it signs and verifies, keys come from a dictionary."""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_ssize_t, c_uint, c_void_p

LIBRARY = "libopendkim.so.11"
OK = 0
CALLBACK_CONTINUE, CALLBACK_NOT_FOUND = 0, 3
CANONICALIZATIONS = {"simple": 0, "relaxed": 1}
RSA_SHA256, ED25519_SHA256 = 1, 2
FEATURE_ED25519 = 10
FLAG_PASSED = 0x04
BODY_HASH_MATCHES = 0
WHOLE_BODY = -1
FIELD_OCTETS = 16384

KEY_LOOKUP = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_size_t)


class OpenDkim:
    def __init__(self, records: dict[str, str]):
        """`records`: the text of each key record by its owner name. Raises OSError where the library is not installed."""
        self._dkim = ctypes.CDLL(LIBRARY)
        for name, result in {
            "dkim_init": c_void_p, "dkim_sign": c_void_p, "dkim_verify": c_void_p, "dkim_sig_getdomain": c_char_p, "dkim_sig_getselector": c_char_p,
            "dkim_geterror": c_char_p, "dkim_sig_geterrorstr": c_char_p, "dkim_sig_getflags": c_uint, "dkim_libfeature": ctypes.c_bool,
        }.items():
            getattr(self._dkim, name).restype = result
        self._library = c_void_p(self._dkim.dkim_init(None, None))
        self._lookup = KEY_LOOKUP(lambda dkim, signature, buffer, size: self._answer(records, signature, buffer, size))
        self._check(None, self._dkim.dkim_set_key_lookup(self._library, self._lookup))

    @property
    def knows_ed25519(self) -> bool:
        return self._dkim.dkim_libfeature(self._library, FEATURE_ED25519)

    def sign(self, message: bytes, pem: str, domain: str, selector: str, kind: str, header: str, body: str) -> bytes:
        status = c_int()
        algorithm = ED25519_SHA256 if kind == "ed25519" else RSA_SHA256
        key = ctypes.create_string_buffer(pem.encode())  # kept: the library keeps the address
        dkim = c_void_p(self._dkim.dkim_sign(
            self._library, b"id", None, key, selector.encode(), domain.encode(), CANONICALIZATIONS[header], CANONICALIZATIONS[body],
            algorithm, c_ssize_t(WHOLE_BODY), byref(status)))
        self._check(dkim, status.value)
        try:
            self._feed(dkim, message)
            self._check(dkim, self._dkim.dkim_eom(dkim, None))
            field = ctypes.create_string_buffer(FIELD_OCTETS)
            name = b"DKIM-Signature"
            self._check(dkim, self._dkim.dkim_getsighdr(dkim, field, c_size_t(FIELD_OCTETS), c_size_t(len(name) + 2)))
            folded = field.value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            return name + b": " + folded + b"\r\n" + message
        finally:
            self._dkim.dkim_free(dkim)

    def verify(self, message: bytes) -> list[str]:
        """ "pass" or what is wrong, for each signature."""
        status = c_int()
        dkim = c_void_p(self._dkim.dkim_verify(self._library, b"id", None, byref(status)))
        self._check(dkim, status.value)
        try:
            self._feed(dkim, message)
            self._dkim.dkim_eom(dkim, None)
            signatures, count = POINTER(c_void_p)(), c_int()
            self._check(dkim, self._dkim.dkim_getsiglist(dkim, byref(signatures), byref(count)))
            return [self._verdict(dkim, c_void_p(signatures[index])) for index in range(count.value)]
        finally:
            self._dkim.dkim_free(dkim)

    def _verdict(self, dkim: c_void_p, signature: c_void_p) -> str:
        self._dkim.dkim_sig_process(dkim, signature)
        if self._dkim.dkim_sig_getflags(signature) & FLAG_PASSED and self._dkim.dkim_sig_getbh(signature) == BODY_HASH_MATCHES:
            return "pass"
        return (self._dkim.dkim_sig_geterrorstr(self._dkim.dkim_sig_geterror(signature)) or b"no reason given").decode()

    def _answer(self, records: dict[str, str], signature: int, buffer: int, size: int) -> int:
        selector = self._dkim.dkim_sig_getselector(c_void_p(signature)).decode()
        domain = self._dkim.dkim_sig_getdomain(c_void_p(signature)).decode()
        text = records.get(f"{selector}._domainkey.{domain}", "").encode()
        if not text or len(text) >= size:
            return CALLBACK_NOT_FOUND
        ctypes.memmove(buffer, text + b"\0", len(text) + 1)
        return CALLBACK_CONTINUE

    def _feed(self, dkim: c_void_p, message: bytes) -> None:
        header, _, body = message.partition(b"\r\n\r\n")
        for field in fields_of(header):
            self._check(dkim, self._dkim.dkim_header(dkim, field, c_size_t(len(field))))
        # With a bad signature this already says so; dkim_eom() and the list of signatures tell more.
        self._dkim.dkim_eoh(dkim)
        if body:
            self._check(dkim, self._dkim.dkim_body(dkim, body, c_size_t(len(body))))

    def _check(self, dkim: c_void_p | None, status: int) -> None:
        if status != OK:
            words = self._dkim.dkim_geterror(dkim) if dkim else None
            raise RuntimeError(f"libopendkim: status {status} {(words or b'').decode()}")


def fields_of(header: bytes) -> list[bytes]:
    """The fields, folds kept, without their last CRLF."""
    fields: list[bytes] = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields
