"""Whatever a secret is encoded in, it is masked; whatever is no secret stays."""

import base64
import binascii
import html
import json
import pickle
import quopri
import random
import time
import traceback
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlab import Lab
from promptlab._redact import IN_ESCAPES, MASK, PIECE, Secret, passwords_in, redactor

KEY = "sk-proj-T3stKeyAbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCd"
REDACT = redactor([Secret(KEY)])
SLASHED = "sk+a/b=c&d<e>f'g-T3stKeyAbCdEfGh"


def spread(encode):
    """Give a function that encodes a text's UTF-8 bytes."""
    return lambda text: encode(text.encode()).decode("latin-1")


def by_char(write):
    """Give a function that writes each character by itself."""
    return lambda text: "".join(write(ord(char)) for char in text)


def joined(between, write="02x"):
    """Give a function that writes bytes as numbers with something between them."""
    return lambda text: between.join(format(byte, write) for byte in text.encode())


ENCODERS = {
    "plain": str,
    "upper": str.upper,
    "lower": str.lower,
    "base64": spread(base64.b64encode),
    "base64-url": spread(base64.urlsafe_b64encode),
    "base64-lines": spread(base64.encodebytes),
    "base64-lines-in-json": lambda text: json.dumps(base64.encodebytes(text.encode()).decode()),
    "base64-twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "base64-of-hex": lambda text: base64.b64encode(text.encode().hex().encode()).decode(),
    "base64-utf-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64-utf-16-be": lambda text: base64.b64encode(text.encode("utf-16-be")).decode(),
    "hex-of-base64": lambda text: base64.b64encode(text.encode()).hex(),
    "base32": spread(base64.b32encode),
    "base32-lower": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "base32-hex": spread(base64.b32hexencode),
    "base85": spread(base64.b85encode),
    "ascii85": spread(base64.a85encode),
    "ascii85-lines": lambda text: base64.a85encode(text.encode(), wrapcol=60).decode(),
    "uuencode": lambda text: "".join(
        binascii.b2a_uu(text.encode()[at : at + 45]).decode() for at in range(0, len(text), 45)
    ),
    "hex": joined(""),
    "HEX": joined("", "02X"),
    "hex-colons": joined(":"),
    "hex-dashes": joined("-", "02X"),
    "hex-spaces": joined(" "),
    "hex-list": lambda text: str([hex(byte) for byte in text.encode()]),
    "hex-0x": joined(", 0x"),
    "hex-C": joined("\\x"),
    "hex-pairs": lambda text: text.encode().hex(" ", -2),
    "numbers": lambda text: str(list(text.encode())),
    "numbers-json": lambda text: json.dumps(list(text.encode()), separators=(",", ":")),
    "hex-utf-16": lambda text: text.encode("utf-16-le").hex(),
    "hex-utf-16-be": lambda text: text.encode("utf-16-be").hex(),
    "nul-between": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "percent": lambda text: quote(text, safe=""),
    "percent-all": joined("%", "02X"),
    "percent-twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent-all-twice": by_char(lambda point: f"%25{point:02X}"),
    "json": json.dumps,
    "json-slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "json-all": by_char(lambda point: f"\\u{point:04x}"),
    "json-in-json": by_char(lambda point: f"\\\\u{point:04X}"),
    "json-some": lambda text: "".join(f"\\u{ord(c):04x}" if i % 3 else c for i, c in enumerate(text)),
    "braces": by_char(lambda point: f"\\u{{{point:x}}}"),
    "octal": by_char(lambda point: f"\\{point:03o}"),
    "html": html.escape,
    "html-numbers": by_char(lambda point: f"&#{point};"),
    "html-hex": by_char(lambda point: f"&#x{point:X};"),
    "html-some": lambda text: "".join(f"&#{ord(c)};" if i % 4 == 1 else c for i, c in enumerate(text)),
    "html-names": lambda text: text.replace("/", "&sol;").replace("_", "&lowbar;"),
    "mail": lambda text: quopri.encodestring(text.encode()).decode(),
    "mail-all": by_char(lambda point: f"={point:02X}"),
    "repr": repr,
    "repr-bytes": lambda text: repr(text.encode()),
    "backwards": lambda text: text[::-1],
    "spelled": " ".join,
}
"""How a server may write a text that holds the key."""


@pytest.mark.parametrize("key", [KEY, SLASHED, "a1b2c3d4e5f60718293a4b5c6d7e8f90"])
@pytest.mark.parametrize("name", ENCODERS)
def test_secret_is_masked_in_any_encoding(name, key):
    """No form of the key survives, at whatever place of a longer text that was encoded as a whole."""
    redact = redactor([Secret(key)])

    for before in range(12):
        said = ENCODERS[name](f"{'x' * before}{key}, not a valid key")
        kept = redact(f"The server says: {said}")

        assert "[key removed" in kept
        form = ENCODERS[name](key).lower().strip("\"'b\n")
        pieces = {form[at : at + PIECE + 12] for at in range(2, len(form) - PIECE - 14)}
        assert not any(piece in kept.lower() for piece in pieces)


@pytest.mark.parametrize("name", ["plain", "base64", "hex", "percent", "hex-colons", "base64-lines"])
def test_mask_leaves_the_rest(name):
    """What stands around the key in a text is kept as it was."""
    kept = redactor([Secret(KEY)])(f"before: <{ENCODERS[name](KEY).strip()}> :after, in 'quotes' & more")

    assert kept.startswith(f"before: <{MASK}")
    assert kept.endswith("> :after, in 'quotes' & more")
    assert len(kept) < len(f"before: <{MASK}> :after, in 'quotes' & more") + 4


@pytest.mark.parametrize("kept", [PIECE, 30, len(KEY) - 1])
def test_cut_key_is_masked(kept):
    """A text that was cut in the middle of the key does not give away its beginning or its end."""
    redact = redactor([Secret(KEY)])

    assert redact(f"key {KEY[:kept]}…") == f"key {MASK}…"
    assert redact(f"…{KEY[-kept:]} is wrong") == f"…{MASK} is wrong"


def test_escapes_cost_the_whole_text():
    """Where nobody can say which part of a text is the key, none of it is kept."""
    assert redactor([Secret(KEY)])(f"a {ENCODERS['json-some'](KEY)} b") == IN_ESCAPES


@pytest.mark.parametrize(
    "word", ["", "EMPTY", "ollama", "no-key", "lm-studio", "placeholder", "password", "sk-no-key-required"]
)
def test_ordinary_words_are_no_secrets(word):
    """What servers of one's own are given for a key does not vanish from texts."""
    text = f"ask {word}: ollama or lm-studio, no-key needed, a password"

    assert redactor([Secret(word)])(text) == text


@pytest.mark.parametrize("key", ["abc123", "k3y-12", "sk-short", "hunter2!"])
def test_short_key_masks_itself_alone(key):
    """A short key is masked, and the words around it stay."""
    text = (
        "The quick brown fox jumps over the lazy dog; 0x616263, 12345678 %20 &amp; \\u00e9 sk- abc 123 hunter"
    )

    assert redactor([Secret(key)])(text) == text
    assert redactor([Secret(key)])(f"{text} {key}.") == f"{text} {MASK}."


@given(st.text(max_size=300))
def test_clean_text_stays(text):
    """A text without the key comes out as it went in."""
    assert REDACT(text) == text


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["plain", "upper", "hex", "base32"]))
def test_key_among_any_characters_is_masked(before, after, name):
    """Whatever characters stand around it, the key is masked."""
    kept = REDACT(before + ENCODERS[name](KEY) + after)

    assert "[key removed" in kept
    assert ENCODERS[name](KEY)[2:40].lower() not in kept.lower()


def test_two_secrets_are_masked():
    """Each of several secrets is masked, however often it comes."""
    other = "gsk_0918273645546372819"
    kept = redactor([Secret(KEY), Secret(other)])(f"{KEY} {other} {other.encode().hex()} {KEY}")

    assert kept == " ".join([MASK] * 4)


def test_cost_hardly_grows_with_the_encodings():
    """A clean text costs less than four times what splitting it into words does: forms cost nothing each."""
    text = ("An existing workflow, send_report, does what was asked for: sure to ninety per cent. " * 25)[
        :2000
    ]
    redact = redactor([Secret(KEY)])
    redact(text)

    def cpu(call):
        times = []
        for _ in range(9):
            began = time.process_time()
            for _ in range(300):
                call()
            times.append(time.process_time() - began)
        return min(times)

    assert cpu(lambda: redact(text)) < 4 * cpu(lambda: "".join(text.split()))


def test_redactor_gives_nothing_away():
    """What masks a secret shows it neither by its repr nor pickled, nor in a traceback."""
    redact = redactor([Secret(KEY)])
    redact("a text that holds no key")

    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(redact)
    try:
        redact(None)
    except TypeError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert KEY not in "".join(told.format())
    assert KEY not in repr(redact)


def test_many_hits_take_little_time():
    """A long text full of what looks like the key's forms is dealt with once, not once for each likeness."""
    redact = redactor([Secret(KEY)])
    rng = random.Random(7)
    text = "".join(KEY[at : at + 12] for at in (rng.randrange(40) for _ in range(5_000)))

    began = time.process_time()
    redact(text)

    assert time.process_time() - began < 5


@pytest.mark.parametrize("password", ["hunter2secret", "p%40ss-w0rd!"])
def test_password_in_an_address_is_masked(password):
    """A password in the endpoint's address stands neither in the lab's repr nor in a row that tells of it."""
    with Lab(base_url=f"http://user:{password}@127.0.0.1:9/v1", store="off", display="none") as lab:
        said = [repr(lab), lab.redact(f"no way to {password}, or {unquote(password)}")]

    assert "http://user:[key removed]@127.0.0.1:9/v1" in said[0]
    assert said[1] == f"no way to {MASK}, or {MASK}"


@pytest.mark.parametrize(
    "address", ["", "http://127.0.0.1:8080/v1", "http://host/a:b@c", "https://user@host/v1"]
)
def test_address_without_password_has_none(address):
    """A port, a name or a path is no password."""
    assert passwords_in(address) == []


@pytest.mark.parametrize("between", ["\n", "\r\n", "\\n", "=\n", "\n    "])
def test_key_in_lines_is_masked_to_its_ends(between):
    """Of a key whose encoding is broken into lines nothing remains on the first or on the last of them."""
    form = KEY.encode().hex()
    lines = [form[:8], form[8:60], form[60:]]

    kept = redactor([Secret(KEY)])(f"<{between.join(lines)}> and {between.join(lines[1:])}")

    assert kept == f"<{MASK}> and {MASK}"


def test_short_key_is_masked_in_any_case():
    """A short key is masked in other letters' case too."""
    assert redactor([Secret("k3y-Abc")])("K3Y-ABC, k3y-abc") == f"{MASK}, {MASK}"
