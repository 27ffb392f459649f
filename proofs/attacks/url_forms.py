"""Ways to write an address of this machine that a filter may not see, and documents that name such an address."""

import io
from collections.abc import Mapping

from reportlab.pdfgen.canvas import Canvas

from proofs.callers.written_documents import parts_of, repacked, written

_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def forms(port: int, name: str = "x") -> Mapping[str, str]:
    """Addresses of a port of this machine.

    Args:
        name: a path, so that it can be told from where a request came.
    """
    at = f"{port}/{name}"
    return {
        "plain": f"http://127.0.0.1:{at}",
        "by name": f"http://localhost:{at}",
        "by name with a dot": f"http://localhost.:{at}",
        "version six": f"http://[::1]:{at}",
        "version four in six": f"http://[::ffff:127.0.0.1]:{at}",
        "version four in six by digits": f"http://[::ffff:7f00:1]:{at}",
        "nothing": f"http://0:{at}",
        "all zeros": f"http://0.0.0.0:{at}",
        "all zeros in six": f"http://[::]:{at}",
        "short": f"http://127.1:{at}",
        "another loopback": f"http://127.9.9.9:{at}",
        "one number": f"http://2130706433:{at}",
        "octal": f"http://0177.0.0.1:{at}",
        "long octal": f"http://017700000001:{at}",
        "hexadecimal": f"http://0x7f.0x0.0x0.0x1:{at}",
        "one hexadecimal number": f"http://0x7f000001:{at}",
        "circled digits": f"http://①②⑦.⓪.⓪.①:{at}",
        "another full stop": f"http://127。0。0。1:{at}",
        "behind a name": f"http://example.org@127.0.0.1:{at}",
        "behind a password": f"http://example.org:80@127.0.0.1:{at}",
        "before a name": f"http://127.0.0.1:{at}#@example.org/",
        "behind a backslash": f"http://example.org\\@127.0.0.1:{at}",
        "percent encoded": f"http://%31%32%37%2e0.0.1:{at}",
        "capital letters": f"HTTP://127.0.0.1:{at}",
        "with TLS": f"https://127.0.0.1:{at}",
        "without a scheme": f"//127.0.0.1:{at}",
        "one slash": f"http:/127.0.0.1:{at}",
        "spaces around": f" http://127.0.0.1:{at} ",
        "a line break": f"http://127.0.0.1:{at}\r\nHost: example.org",
        "a tab": f"ht\ttp://127.0.0.1:{at}",
        "behind url": f"url:http://127.0.0.1:{at}",
        "jar": f"jar:http://127.0.0.1:{at}!/a",
        "ftp": f"ftp://127.0.0.1:{at}",
        "gopher": f"gopher://127.0.0.1:{at}",
        "dict": f"dict://127.0.0.1:{at}",
        "ldap": f"ldap://127.0.0.1:{at}",
        "sockets": f"ws://127.0.0.1:{at}",
        "a share": f"\\\\127.0.0.1@{port}\\{name}",
        "Markdown": f"![x](http://127.0.0.1:{at}) <http://127.0.0.1:{at}>",
        "HTML": f"<img src=http://127.0.0.1:{at}><iframe src='http://127.0.0.1:{at}'></iframe>",
        "SVG": f"<svg><image href='http://127.0.0.1:{at}'/><use href='http://127.0.0.1:{at}'/></svg>",
        "style": f"@import url(http://127.0.0.1:{at});",
        "TeX": rf"\includegraphics{{http://127.0.0.1:{at}}} \input{{|curl 127.0.0.1:{at}}}",
        "template": f"${{jndi:ldap://127.0.0.1:{at}}} {{{{http://127.0.0.1:{at}}}}}",
    }


def documents(port: int) -> Mapping[str, bytes]:
    """Files that tell their reader to fetch something."""
    found = {f"a DOCX with {name}": data for name, data in _word_documents(port).items()}
    found |= {f"a PDF with {name}": data for name, data in _pdf_documents(port).items()}
    url = f"http://127.0.0.1:{port}/as-itself"
    as_itself = {
        "an SVG": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>',
        "a web page": f'<html><link rel="stylesheet" href="{url}"><img src="{url}"></html>',
        "a playlist": f"#EXTM3U\n#EXTINF:1,\n{url}\n",
        "a shortcut": f"[InternetShortcut]\nURL={url}\n",
        "an XML entity": f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "{url}">]><d>&x;</d>',
        "rich text": rf'{{\rtf1{{\field{{\*\fldinst INCLUDEPICTURE "{url}"}}}}}}',
    }
    return found | {name: text.encode() for name, text in as_itself.items()}


def _word_documents(port: int) -> dict[str, bytes]:
    url = f"http://127.0.0.1:{port}/docx"
    plain = written("Waves", ["A wave carries energy from one place to another, whatever it is made of."] * 4)
    own = parts_of(plain)
    main = "word/document.xml"
    relations = own["word/_rels/document.xml.rels"].decode()
    kinds = (
        "image",
        "hyperlink",
        "aFChunk",
        "attachedTemplate",
        "subDocument",
        "oleObject",
        "frame",
        "styles",
        "footnotes",
        "numbering",
        "settings",
        "theme",
        "video",
        "externalLinkPath",
    )
    found = {
        f"an outside {kind}": repacked(plain, {"word/_rels/document.xml.rels": _also(relations, kind, url)})
        for kind in kinds
    }
    document = own[main].decode()
    entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{url}">]>'
    dtd = f'<!DOCTYPE d SYSTEM "{url}">'
    parameter = f'<!DOCTYPE d [<!ENTITY % x SYSTEM "{url}"> %x;]>'
    for name, declared in (("an entity", entity), ("a DTD", dtd), ("a parameter entity", parameter)):
        changed = document.replace("?>", f"?>{declared}", 1).replace("A wave", "&x; wave", 1)
        found[name] = repacked(plain, {main: changed.encode()})
        for part in ("word/styles.xml", "[Content_Types].xml", "word/_rels/document.xml.rels"):
            text = own[part].decode().replace("?>", f"?>{declared}", 1)
            found[f"{name} in {part}"] = repacked(plain, {part: text.encode()})
    field_code = f'<w:p><w:fldSimple w:instr="INCLUDEPICTURE {url}"/></w:p>'
    found["a field"] = repacked(
        plain, {main: document.replace("<w:body>", f"<w:body>{field_code}", 1).encode()}
    )
    included = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="' + url + '"/>'
    found["an inclusion"] = repacked(
        plain, {main: document.replace("<w:body>", f"<w:body>{included}", 1).encode()}
    )
    return found


def _also(relations: str, kind: str, url: str) -> bytes:
    """The relationships with one more, to outside."""
    one = f'<Relationship Id="rIdOut" Type="{_RELATIONS}/{kind}" TargetMode="External" Target="{url}"/>'
    return relations.replace("</Relationships>", f"{one}</Relationships>").encode()


def _pdf_documents(port: int) -> dict[str, bytes]:
    url = f"http://127.0.0.1:{port}/pdf"
    actions = {
        "an address": f"/S /URI /URI ({url})",
        "a launch": f"/S /Launch /F << /FS /URL /F ({url}) >>",
        "a jump": f"/S /GoToR /F << /FS /URL /F ({url}) >> /D [0 /Fit]",
        "a form": f"/S /SubmitForm /F << /FS /URL /F ({url}) >>",
        "an import": f"/S /ImportData /F << /FS /URL /F ({url}) >>",
        "a script": f"/S /JavaScript /JS (this.getURL\\('{url}'\\);)",
    }
    found = {name: _pdf(f"/OpenAction << {action} >>") for name, action in actions.items()}
    outside = f"/Length 0 /F << /FS /URL /F ({url}) >>"
    return found | {
        "a page from outside": _pdf("", outside),
        "a base address": _pdf(f"/URI << /Base ({url}) >>"),
        "a file from outside": _pdf(f"/AF [<< /Type /Filespec /FS /URL /F ({url}) >>]"),
        "a link": _linked(url),
    }


def _pdf(catalog: str, contents: str = "") -> bytes:
    text = b"BT /F1 12 Tf 72 720 Td (A wave carries energy from one place to another place.) Tj ET"
    drawn = (
        f"<< {contents} >>\nstream\n\nendstream".encode()
        if contents
        else b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text)
    )
    objects = (
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        drawn,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _linked(url: str) -> bytes:
    saved = io.BytesIO()
    canvas = Canvas(saved)
    canvas.drawString(72, 720, "A wave carries energy from one place to another place.")
    canvas.linkURL(url, (72, 700, 300, 740))
    canvas.save()
    return saved.getvalue()
