"""Drives a gateway whose agent fails on request with the unmodified OpenAI client: python3 openai_failures.py BASE_URL TOKEN.

Exits 0 when every failure reached the caller as the client's own exception.
"""

import sys

import openai


def main(base_url: str, token: str) -> None:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=token, max_retries=0)

    def ask(text: str, **more):
        return client.chat.completions.create(model="callboard", messages=[{"role": "user", "content": text}], **more)

    for text in ["overloaded", "refused", "cut", "half"]:
        raised(openai.APIStatusError, lambda: ask(text))
    for text in ["overloaded", "refused"]:
        raised(openai.APIStatusError, lambda: ask(text, stream=True))

    for text in ["cut", "half"]:
        said = ""
        stream = ask(text, stream=True)
        try:
            for chunk in stream:
                for choice in chunk.choices:
                    said += choice.delta.content or ""
                    assert choice.finish_reason is None, "a broken answer must not look whole"
        except openai.APIError as error:
            assert error.code, error.body
        else:
            raise AssertionError(f"{text}: the stream ended as if all were well after {said!r}")
        assert said == "half an ", said

    assert ask("and on it goes").choices[0].message.content == "and on it goes"


def raised(kind: type[openai.APIStatusError], call) -> None:
    try:
        call()
    except kind as error:
        assert error.status_code >= 400 and error.body["code"], error.body
        return
    raise AssertionError(f"{kind.__name__} was not raised")


if __name__ == "__main__":
    main(*sys.argv[1:])
