"""Decodes or encodes header blocks with the library hpack: one JSON document in, one out.

In: {"op": "decode", "blocks": [hex, ...]}, or {"op": "encode", "steps": [{"fields": [[name, value, never], ...], "huffman": bool,
"table": octets or absent}, ...]}. Out: a list with the fields of each block, or the hex of each. Strings have a character a byte.
"""

import json
import sys

import hpack


def decode(command):
    decoder = hpack.Decoder(max_header_list_size=1 << 30)
    return [
        [
            [field[0].decode('latin-1'), field[1].decode('latin-1'), isinstance(field, hpack.NeverIndexedHeaderTuple)]
            for field in decoder.decode(bytes.fromhex(block), raw=True)
        ]
        for block in command['blocks']
    ]


def encode(command):
    encoder = hpack.Encoder()
    blocks = []
    for step in command['steps']:
        if 'table' in step:
            encoder.header_table_size = step['table']
        fields = [
            (hpack.NeverIndexedHeaderTuple if never else hpack.HeaderTuple)(name.encode('latin-1'), value.encode('latin-1'))
            for name, value, never in step['fields']
        ]
        blocks.append(encoder.encode(fields, huffman=step['huffman']).hex())
    return blocks


command = json.load(sys.stdin)
json.dump({'decode': decode, 'encode': encode}[command['op']](command), sys.stdout)
