"""Reads pages as a browser would, and says what no page may hold."""

from html.parser import HTMLParser

EVIL = "</title></style><script>alert(1)</script>\"'><img src=x onerror=alert(1)><td data-outcome=kept>7</td>{{ 7 * 7 }}&amp;"
"""A name, or what a file says of itself, at its worst."""
EMBEDDED = {"img": "data:image/jpeg;base64,", "video": "data:video/mp4;base64,"}


class Reader(HTMLParser):
    """All elements of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self.style = [], "", ""
        self._in = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self._in.append(tag)

    def handle_endtag(self, tag):
        assert self._in.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self._in and self._in[-1] == "style":
            self.style += data
        else:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def check_closed(self):
        assert self._in == []


def check_stands_alone(html):
    """Nothing is loaded from outside, nothing runs, and every element is closed."""
    page = Reader(html)
    page.check_closed()
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "iframe", "object", "embed", "link", "base", "form"})
    loading = {"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href", "style"}
    for tag, attributes in page.elements:
        assert not [key for key in attributes if key.startswith("on")]
        for key in loading.intersection(attributes):
            assert key == "src"
            assert attributes[key].startswith(EMBEDDED[tag])
        assert not (tag == "meta" and "http-equiv" in attributes)
        assert not [value for value in attributes.values() if value and "url(" in value.lower()]
    assert "url(" not in page.style
    assert "@import" not in page.style
