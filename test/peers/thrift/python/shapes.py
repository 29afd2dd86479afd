"""Values of every shape that must come back as they were sent."""

from calls.ttypes import Color, Everything, Point

TEXT = 'a\u00e9\u4f60\U0001f600'


def everything(children):
    return Everything(
        yes=True, no=False, tiny=-128, small=-32768, number=-2147483648, big=9223372036854775807, real=-1.5e300,
        text=TEXT, bytes=bytes(range(256)), color=Color.BLUE, point=Point(1, -1),
        flags=[True, False, True], numbers=list(range(-10, 20)), names={'x', 'y'}, counts={'one': 1, 'min': -9223372036854775808},
        table=[['a'], [], ['b', 'c']], groups={'g': [Point(1, 2), Point(3, 4)], 'none': []},
        deep={7: {'s': {1, 2, -3}}}, children=children, nothing={}, far='far',
    )


SHAPES = [
    ('no argument', 'nothing', None),
    ('text', 'echoString', TEXT),
    ('empty text', 'echoString', ''),
    ('long text', 'echoString', TEXT * 3000),
    ('bytes', 'echoBinary', bytes(range(256))),
    ('empty bytes', 'echoBinary', b''),
    ('structure', 'echoEverything', everything([everything([]), everything([])])),
    ('bare structure', 'echoEverything', Everything()),
    ('list', 'echoList', ['a', '', TEXT]),
    ('empty list', 'echoList', []),
    ('long list', 'echoList', [str(number) for number in range(300)]),
    ('map', 'echoMap', {'one': 1, 'big': 9007199254740993, 'min': -9223372036854775808}),
    ('empty map', 'echoMap', {}),
]


def compare(client, name, method, value):
    if method == 'nothing':
        back = client.nothing()
    else:
        back = getattr(client, method)(value)
    return 'equal' if back == value else '%r came back as %r' % (value, back)
