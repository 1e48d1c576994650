"""Addresses on a chain, known by their checksums: they are no secrets, however much they look like keys.

Source: BIP 173 and 350 (bech32; Cardano's are longer, CIP-19), base58check of Bitcoin and, with letters in another
order, of the XRP Ledger, CashAddr of Bitcoin Cash, SS58 of Polkadot, StrKey of Stellar (SEP-23), and the addresses of
Cardano's first years.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib

_CHAIN = re.compile(r"0[xX](?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})\Z")
_BECH32 = re.compile(r"([a-z_]{1,20}|[A-Z_]{1,20})1([02-9ac-hj-np-z]{6,200}|[02-9AC-HJ-NP-Z]{6,200})\Z")
_BECH32_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CASH = re.compile(r"[02-9ac-hj-np-z]{42,112}\Z")
_CASH_PREFIXES = ("bitcoincash", "bchtest", "bchreg", "ecash", "simpleledger")
_STELLAR = re.compile(r"[A-Z2-7]{56}\Z")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_OF_XRP = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_LONGEST = 112


def is_address(run: str, before: str = "") -> bool:
    """True where letters and digits are an address or a hash on a chain; `before` is what stands before them."""
    if _CHAIN.match(run) or _is_stellar(run) or _is_cash(run, before):
        return True
    prefix = re.search(r"[a-z]{1,12}_\Z", before)  # as in addr_test1…
    return _is_bech32(run) or (prefix is not None and _is_bech32(prefix[0] + run)) or _is_base58(run)


def _is_base58(run: str) -> bool:
    """True where the bytes that the letters stand for end, or hold, their checksum."""
    if not 25 <= len(run) <= _LONGEST:
        return False
    for letters in (_BASE58, _BASE58_OF_XRP):
        raw = _bytes_of(run, letters)
        if len(raw) > 4 and hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]:
            return True
    raw = _bytes_of(run, _BASE58)
    return _is_ss58(raw) or _is_byron(raw)


def _bytes_of(run: str, letters: str) -> bytes:
    """The bytes that a text in base 58 stands for; none where a letter is not one of its own."""
    number = 0
    for letter in run:
        place = letters.find(letter)
        if place < 0:
            return b""
        number = number * 58 + place
    zeros = len(run) - len(run.lstrip(letters[0]))
    return b"\x00" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _is_ss58(raw: bytes) -> bool:
    return len(raw) in (35, 36) and hashlib.blake2b(b"SS58PRE" + raw[:-2]).digest()[:2] == raw[-2:]


def _is_byron(raw: bytes) -> bool:
    """True for an address of Cardano's first years: a text of bytes and its CRC-32, in CBOR."""
    if len(raw) < 11 or raw[:3] != b"\x82\xd8\x18" or raw[3] != 0x58 or raw[-5] != 0x1A:
        return False
    return len(raw) == 10 + raw[4] and zlib.crc32(raw[5:-5]) == int.from_bytes(raw[-4:], "big")


def _is_stellar(run: str) -> bool:
    if _STELLAR.match(run) is None:
        return False
    raw = base64.b32decode(run)
    return binascii.crc_hqx(raw[:-2], 0) == int.from_bytes(raw[-2:], "little")


def _is_cash(run: str, before: str) -> bool:
    """True where the checksum of CashAddr fits, with the prefix that stands before, or the usual one."""
    if _CASH.match(run) is None:
        return False
    prefix = next((one for one in _CASH_PREFIXES if before.endswith(f"{one}:")), _CASH_PREFIXES[0])
    check = 1
    for value in (*(ord(letter) & 31 for letter in prefix), 0, *map(_BECH32_LETTERS.index, run)):
        top = check >> 35
        check = (check & 0x07FFFFFFFF) << 5 ^ value
        for place, generator in enumerate((0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)):
            check ^= generator if top >> place & 1 else 0
    return check == 1


def _is_bech32(run: str) -> bool:
    """True where the checksum of bech32 or bech32m fits."""
    match = _BECH32.match(run)
    if match is None:
        return False
    prefix, letters = match[1].lower(), match[2].lower()
    values = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    values += [_BECH32_LETTERS.index(letter) for letter in letters]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> place & 1 else 0
    return check in (1, 0x2BC830A3)
