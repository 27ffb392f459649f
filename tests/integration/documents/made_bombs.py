"""Files that are made to exhaust or mislead a reader."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.integration.documents.made_files import chapter, parts_of, word_document

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DOCUMENT = "word/document.xml"


def pdf(path: Path, *objects: bytes, trailer: bytes = b"") -> Path:
    """A PDF file of these objects, numbered from 1, the first of which is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )
    path.write_bytes(out)
    return path


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def page(
    contents: bytes = b"4 0 R", resources: bytes = b"/Font << /F1 5 0 R >>", extra: bytes = b""
) -> bytes:
    """A page object, number 3 of its file."""
    box = b"" if b"/MediaBox" in extra else b"/MediaBox [0 0 595 842]"
    return b"<< /Type /Page /Parent 2 0 R %b /Contents %b /Resources << %b >> %b >>" % (
        box,
        contents,
        resources,
        extra,
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), entries, data)


def zeros(megabytes: int, level: int = 9) -> bytes:
    """So many megabytes of spaces, deflated."""
    packer = zlib.compressobj(level)
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(megabytes)) + packer.flush()


def show(text: str, times: int = 1) -> bytes:
    """Page content that shows a text."""
    return b"BT /F1 12 Tf 72 720 Td " + b"(%b) Tj " % text.encode() * times + b"ET"


def flate_content(path: Path) -> Path:
    return pdf(path, CATALOG, PAGES, page(), stream(zeros(1500), b"/Filter /FlateDecode"), FONT)


def nested_filters(path: Path) -> Path:
    data = zeros(800)
    for _ in range(3):
        data = zlib.compress(data, 9)
    return pdf(path, CATALOG, PAGES, page(), stream(data, b"/Filter [" + b"/FlateDecode " * 4 + b"]"), FONT)


def many_filters(path: Path) -> Path:
    return pdf(
        path,
        CATALOG,
        PAGES,
        page(),
        stream(b"x" * 100, b"/Filter [" + b"/ASCIIHexDecode " * 50_000 + b"]"),
        FONT,
    )


def run_length(path: Path) -> Path:
    packed = zlib.compress(b"\x81 " * 5_000_000, 9)
    return pdf(path, CATALOG, PAGES, page(), stream(packed, b"/Filter [/FlateDecode /RunLengthDecode]"), FONT)


def predictor(path: Path) -> Path:
    shape = b"/Predictor 15 /Columns 2147483647 /Colors 32 /BitsPerComponent 32"
    entries = b"/Filter /FlateDecode /DecodeParms << " + shape + b" >>"
    return pdf(path, CATALOG, PAGES, page(), stream(zlib.compress(b"x" * 1000), entries), FONT)


def page_tree_loop(path: Path) -> Path:
    return pdf(path, CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>")


def page_tree_ladder(path: Path) -> Path:
    """Each node names the next twice: two to the thirtieth pages from thirty objects."""
    nodes = [
        b"<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count %d >>" % (n + 1, n + 1, 2 ** (32 - n))
        for n in range(2, 32)
    ]
    return pdf(path, CATALOG, *nodes, b"<< /Type /Page /Parent 31 0 R /MediaBox [0 0 9 9] >>")


def page_count_lie(path: Path) -> Path:
    return pdf(
        path,
        CATALOG,
        b"<< /Type /Pages /Kids [3 0 R] /Count 2147483647 >>",
        page(),
        stream(show("Hello")),
        FONT,
    )


def outline_loop(path: Path) -> Path:
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>"
    mark = b"<< /Title (Again) /Parent 6 0 R /Next 7 0 R /First 7 0 R /Dest [3 0 R /Fit] >>"
    words = stream(show("The cell keeps its balance and never ends."))
    return pdf(path, catalog, PAGES, page(), words, FONT, b"<< /First 7 0 R /Last 7 0 R >>", mark)


def outline_depth(path: Path) -> Path:
    marks = [b"<< /Title (%d) /Parent %d 0 R /First %d 0 R >>" % (n, n - 1, n + 1) for n in range(7, 20_000)]
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>"
    words = stream(show("The cell keeps its balance and never ends."))
    return pdf(path, catalog, PAGES, page(), words, FONT, b"<< /First 7 0 R >>", *marks)


def huge_image(path: Path) -> Path:
    entries = (
        b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB /BitsPerComponent 8"
        b" /Filter /FlateDecode"
    )
    draw = stream(b"q 595 0 0 842 0 0 cm /I Do Q")
    return pdf(
        path, CATALOG, PAGES, page(resources=b"/XObject << /I 5 0 R >>"), draw, stream(zeros(300), entries)
    )


def many_images(path: Path) -> Path:
    entries = (
        b"/Type /XObject /Subtype /Image /Width 9000 /Height 9000 /ColorSpace /DeviceRGB /BitsPerComponent 8"
        b" /Filter /FlateDecode"
    )
    draw = stream(b"q 595 0 0 842 0 0 cm /I Do Q " * 200_000)
    return pdf(
        path, CATALOG, PAGES, page(resources=b"/XObject << /I 5 0 R >>"), draw, stream(zeros(240), entries)
    )


def form_loop(path: Path) -> Path:
    form = stream(
        b"/X Do /X Do",
        b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>",
    )
    return pdf(path, CATALOG, PAGES, page(resources=b"/XObject << /X 5 0 R >>"), stream(b"/X Do"), form)


def form_ladder(path: Path) -> Path:
    """Each form draws the next ten times: ten to the twentieth texts."""
    forms = [
        stream(
            b"/X Do " * 10,
            b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X %d 0 R >> >>"
            % (n + 1),
        )
        for n in range(5, 25)
    ]
    last = stream(b"0 0 m 9 9 l S", b"/Type /XObject /Subtype /Form /BBox [0 0 595 842]")
    return pdf(
        path, CATALOG, PAGES, page(resources=b"/XObject << /X 5 0 R >>"), stream(b"/X Do"), *forms, last
    )


def xref_loop(path: Path) -> Path:
    made = pdf(path, CATALOG, PAGES, page(), stream(show("Hello")), FONT)
    place = made.read_bytes().rfind(b"xref\n0")
    return pdf(path, CATALOG, PAGES, page(), stream(show("Hello")), FONT, trailer=b"/Prev %d" % place)


def million_texts(path: Path) -> Path:
    content = stream(zlib.compress(show("a cell ", 6_000_000), 9), b"/Filter /FlateDecode")
    return pdf(path, CATALOG, PAGES, page(), content, FONT)


def deep_array(path: Path) -> Path:
    return pdf(
        path,
        CATALOG,
        PAGES,
        page(extra=b"/Odd " + b"[" * 200_000 + b"]" * 200_000),
        stream(show("Hello")),
        FONT,
    )


def deep_dictionary_content(path: Path) -> Path:
    content = stream(b"/A << /B " * 100_000 + b">> " * 100_000 + b"BDC " + show("Hello"))
    return pdf(path, CATALOG, PAGES, page(), content, FONT)


def deep_state(path: Path) -> Path:
    return pdf(path, CATALOG, PAGES, page(), stream(b"q " * 3_000_000 + show("Hello there, cell")), FONT)


def huge_page(path: Path) -> Path:
    content = stream(b"0 0 m 1e30 1e30 l S")
    return pdf(path, CATALOG, PAGES, page(extra=b"/MediaBox [-1e30 -1e30 1e30 1e30]"), content, FONT)


def character_map(path: Path) -> Path:
    cmap = (
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange "
        + b"1 beginbfrange <0000> <FFFF> <0041> endbfrange " * 3000
    )
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Helvetica /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts"
        b" [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Helvetica /CIDSystemInfo << /Registry (Adobe) /Ordering"
        b" (Identity) /Supplement 0 >> /W [0 2147483647 500] >>] >>"
    )
    return pdf(
        path, CATALOG, PAGES, page(), stream(b"BT /F1 12 Tf 72 720 Td <00410042> Tj ET"), font, stream(cmap)
    )


def type3_loop(path: Path) -> Path:
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /CharProcs << /a 6 0 R >>"
        b" /Encoding << /Differences [97 /a] >> /FirstChar 97 /LastChar 97 /Widths [9]"
        b" /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    return pdf(path, CATALOG, PAGES, page(), stream(show("aaaa")), font, stream(show("aaaa")))


def contents_array(path: Path) -> Path:
    return pdf(
        path,
        CATALOG,
        PAGES,
        page(contents=b"[" + b"4 0 R " * 200_000 + b"]"),
        stream(show("a cell", 200)),
        FONT,
    )


def only_a_head(path: Path) -> Path:
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 4000)
    return path


def cut_short(path: Path) -> Path:
    data = chapter(path).read_bytes()
    path.write_bytes(data[: len(data) // 3])
    return path


def repacked(path: Path, **changed: bytes) -> Path:
    """An ordinary DOCX file with some parts replaced; `document` stands for the main part."""
    parts = parts_of(word_document(path))
    names = {"document": DOCUMENT, "styles": "word/styles.xml", "types": "[Content_Types].xml"}
    parts |= {names.get(name, name): data for name, data in changed.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def body(inner: str, before: str = "") -> bytes:
    """A main part with this body."""
    return f'<?xml version="1.0"?>{before}<w:document {W}><w:body>{inner}</w:body></w:document>'.encode()


def said(text: str) -> str:
    """A paragraph of WordprocessingML."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def zip_ratio(path: Path) -> Path:
    return repacked(path, document=body(said(" " * (900 << 20))))


def zip_other_part(path: Path) -> Path:
    return repacked(path, **{"word/media/image1.bmp": b"\0" * (700 << 20)})


def zip_lie(path: Path) -> Path:
    """The directory says that the main part is small."""
    data = repacked(path, document=body(said("cell " * 3_000_000))).read_bytes()
    real = struct.pack("<L", len(body(said("cell " * 3_000_000))))
    path.write_bytes(data.replace(real, struct.pack("<L", 4000)))
    return path


def zip_many_entries(path: Path) -> Path:
    return repacked(path, **{f"word/empty{n}.xml": b"" for n in range(20_000)})


def zip_overlap(path: Path) -> Path:
    """Two thousand directory entries for the bytes of one part."""
    parts = parts_of(word_document(path)) | {"word/big.xml": zlib.compress(b"x", 0) + bytes(50_000)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
        big = archive.getinfo("word/big.xml")
        for n in range(2000):
            twin = zipfile.ZipInfo(f"word/twin{n}.xml")
            twin.header_offset, twin.file_size, twin.compress_size, twin.CRC = (
                big.header_offset, big.file_size, big.compress_size, big.CRC
            )  # fmt: skip
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
    path.write_bytes(out.getvalue())
    return path


def zip_slip(path: Path) -> Path:
    return repacked(path, **{"../../../../mootion-slip": b"out", "/mootion-slip": b"out"})


def zip_link(path: Path) -> Path:
    made = repacked(path)
    with zipfile.ZipFile(made, "a") as archive:
        link = zipfile.ZipInfo("word/link.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return made


def zip_in_zip(path: Path) -> Path:
    inner = zlib.compress(b"x")
    for _ in range(30):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.zip", inner)
        inner = out.getvalue()
    path.write_bytes(inner)
    return path


def zip_lzma(path: Path) -> Path:
    parts = parts_of(word_document(path))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def zip_encrypted_flag(path: Path) -> Path:
    data = bytearray(repacked(path).read_bytes())
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        name_length = struct.unpack_from("<H", data, place + 28)[0]
        if data[place + 46 : place + 46 + name_length] == DOCUMENT.encode():
            data[place + 8] |= 1
        place = data.find(b"PK\x01\x02", place + 4)
    path.write_bytes(data)
    return path


def zip_cut_short(path: Path) -> Path:
    data = repacked(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def entity_laughs(path: Path) -> Path:
    entities = '<!ENTITY a0 "cell ">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    return repacked(path, document=body(said("&a11;"), f"<!DOCTYPE d [{entities}]>"))


def entity_quadratic(path: Path) -> Path:
    entity = f'<!DOCTYPE d [<!ENTITY big "{"x" * 100_000}">]>'
    return repacked(path, document=body(said("&big;" * 20_000), entity))


def entity_attribute(path: Path) -> Path:
    entities = '<!ENTITY a0 "cell ">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    document = (
        f'<?xml version="1.0"?><!DOCTYPE d [{entities}]><w:document {W} odd="&a11;"><w:body/></w:document>'
    )
    return repacked(path, document=document.encode())


def entity_external(path: Path) -> Path:
    return repacked(
        path, document=body(said("&x;"), '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>')
    )


def entity_in_styles(path: Path) -> Path:
    entity = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    styles = f"{entity}<w:styles {W}>&x;</w:styles>"
    return repacked(path, styles=styles.encode())


def external_dtd(path: Path) -> Path:
    return repacked(
        path, document=body(said("cell"), '<!DOCTYPE d SYSTEM "http://127.0.0.1:42199/evil.dtd">')
    )


def deep_elements(path: Path) -> Path:
    return repacked(path, document=body("<w:sdt>" * 100_000 + "</w:sdt>" * 100_000))


def deep_tables(path: Path) -> Path:
    inner = said("The cell in the innermost table is still read or refused.")
    for _ in range(60):
        inner = f"<w:tbl><w:tr><w:tc>{inner}<w:p/></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>"
    return repacked(path, document=body(inner))


def long_attribute(path: Path) -> Path:
    return repacked(path, document=body(f'<w:p w:odd="{"x" * (20 << 20)}"/>' + said("cell")))


def long_text(path: Path) -> Path:
    return repacked(path, document=body(said("cell " * (6 << 20))))


def many_paragraphs(path: Path) -> Path:
    return repacked(path, document=body(said("cell") * 5_000_000))


def style_loop(path: Path) -> Path:
    style = (
        '<w:style w:type="paragraph" w:styleId="{0}"><w:name w:val="{0}"/><w:basedOn w:val="{1}"/></w:style>'
    )
    styles = f"<w:styles {W}>{style.format('A', 'B')}{style.format('B', 'A')}</w:styles>"
    paragraph = said("The cell has a style that stands on itself.").replace(
        "<w:r>", '<w:pPr><w:pStyle w:val="A"/></w:pPr><w:r>'
    )
    return repacked(path, styles=styles.encode(), document=body(paragraph))


def outside_reference(path: Path) -> Path:
    relationships = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
        ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" TargetMode="External"'
        ' Target="http://127.0.0.1:42199/styles.xml"/></Relationships>'
    )
    return repacked(path, **{"word/_rels/document.xml.rels": relationships.encode()})


PDF_BOMBS: tuple[Callable[[Path], Path], ...] = (
    flate_content, nested_filters, many_filters, run_length, predictor, page_tree_loop,
    page_tree_ladder, page_count_lie, outline_loop, outline_depth, huge_image, many_images, form_loop,
    form_ladder, xref_loop, million_texts, deep_array, deep_dictionary_content, deep_state, huge_page,
    character_map, type3_loop, contents_array, only_a_head, cut_short,
)  # fmt: skip
DOCX_BOMBS: tuple[Callable[[Path], Path], ...] = (
    zip_ratio, zip_other_part, zip_lie, zip_many_entries, zip_overlap, zip_slip, zip_link, zip_in_zip, zip_lzma,
    zip_encrypted_flag, zip_cut_short, entity_laughs, entity_quadratic, entity_attribute, entity_external,
    entity_in_styles, external_dtd, deep_elements, deep_tables, long_attribute, long_text, many_paragraphs, style_loop,
    outside_reference,
)  # fmt: skip
