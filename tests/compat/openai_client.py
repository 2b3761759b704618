"""Drives a running gateway with the unmodified OpenAI client: python3 openai_client.py BASE_URL TOKEN.

The agent behind the gateway has to echo. Exits 0 when everything was as the client expects it.
"""

import sys

import openai


def main(base_url: str, token: str) -> None:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=token, max_retries=0)
    models = [model.id for model in client.models.list()]
    assert "callboard" in models, models
    assert client.models.retrieve(models[1]).id == models[1]

    messages = [
        {"role": "system", "content": "be short"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "first"},
        {"role": "user", "content": [{"type": "text", "text": "hello from the client"}]},
    ]
    answer = client.chat.completions.create(model="callboard", messages=messages, temperature=0.1)
    assert answer.choices[0].message.content == "hello from the client", answer
    assert answer.choices[0].finish_reason == "stop", answer
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens

    text, reasons, usage = "", [], None
    stream = client.chat.completions.create(
        model="callboard:main", messages=messages, stream=True, stream_options={"include_usage": True}, user="ann"
    )
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
    assert (text, reasons) == ("hello from the client", ["stop"]), (text, reasons)
    assert usage is not None

    with client.chat.completions.stream(model="callboard", messages=messages) as events:
        final = events.get_final_completion()
    assert final.choices[0].message.content == "hello from the client", final

    refuse(openai.NotFoundError, lambda: client.chat.completions.create(model="callboard:nobody", messages=messages))
    refuse(openai.BadRequestError, lambda: client.chat.completions.create(model="callboard", messages=[]))
    stranger = openai.OpenAI(base_url=base_url + "/v1", api_key="wrong", max_retries=0)
    refuse(openai.AuthenticationError, lambda: stranger.models.list())


def refuse(kind: type[openai.APIStatusError], call) -> None:
    try:
        call()
    except kind as error:
        assert error.body["code"], error.body
        return
    raise AssertionError(f"{kind.__name__} was not raised")


if __name__ == "__main__":
    main(*sys.argv[1:])
