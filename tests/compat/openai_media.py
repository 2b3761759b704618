"""Sends pictures and files to a running gateway with the unmodified OpenAI client: python3 openai_media.py BASE_URL TOKEN.

The agent behind the gateway has to echo, which tells of pictures and files by a line each. Exits 0 when everything was as the client
expects it.
"""

import base64
import sys

import openai

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
LOOK = "look at these"


def data(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def main(base_url: str, token: str) -> None:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=token, max_retries=0)
    chat(client)
    responses(client)


def told(text: str) -> None:
    """The echo says what it was asked, and a line for each thing that lies in the workspace."""
    lines = text.splitlines()
    assert lines[0] == LOOK and len(lines) == 3, text
    for line, ending in zip(lines[1:], [f"-file.png (image/png, {len(PNG)} bytes)", f"-report.pdf (application/pdf, {len(PDF)} bytes)"]):
        assert line.startswith("[media] media/inbound/") and line.endswith(ending), text


def chat(client: openai.OpenAI) -> None:
    parts = [
        {"type": "text", "text": LOOK},
        {"type": "image_url", "image_url": {"url": data("image/png", PNG), "detail": "low"}},
        {"type": "file", "file": {"file_data": data("application/pdf", PDF), "filename": "report.pdf"}},
    ]
    messages = [{"role": "user", "content": "first"}, {"role": "assistant", "content": "first"}, {"role": "user", "content": parts}]
    ask = lambda said, **more: client.chat.completions.create(model="callboard", messages=said, **more)
    told(ask(messages).choices[0].message.content)
    streamed = "".join(choice.delta.content or "" for chunk in ask(messages, stream=True) for choice in chunk.choices)
    told(streamed)
    bad = {"type": "image_url", "image_url": {"url": "data:image/png;base64,*"}}
    refuse("messages[1].content[1].image_url", lambda: ask([messages[0], {"role": "user", "content": [parts[0], bad]}]))


def responses(client: openai.OpenAI) -> None:
    parts = [
        {"type": "input_text", "text": LOOK},
        {"type": "input_image", "image_url": data("image/png", PNG), "detail": "auto"},
        {"type": "input_file", "file_data": data("application/pdf", PDF), "filename": "report.pdf"},
        {"type": "input_file", "file_data": data("text/csv", b"a,b"), "filename": "t.csv"},
    ]
    ask = lambda said, **more: client.responses.create(model="callboard", input=said, **more)
    said = [{"role": "user", "content": parts}]
    told(ask(said).output_text)
    told("".join(event.delta for event in ask(said, stream=True) if event.type == "response.output_text.delta"))
    svg = {"type": "input_image", "image_url": data("image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>")}
    refuse("input[0].content[0].image_url", lambda: ask([{"role": "user", "content": [svg]}]))
    inner = {"type": "input_image", "image_url": "http://169.254.169.254/latest/meta-data"}
    refuse("input[0].content[0].image_url", lambda: ask([{"role": "user", "content": [inner]}]))


def refuse(param: str, call) -> None:
    try:
        call()
    except openai.BadRequestError as error:
        assert (error.param, bool(error.body["code"])) == (param, True), error.body
        return
    raise AssertionError("BadRequestError was not raised")


if __name__ == "__main__":
    main(*sys.argv[1:])
