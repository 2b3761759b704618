"""Drives the responses of a running gateway with the unmodified OpenAI client: python3 openai_responses.py BASE_URL TOKEN.

The agent behind the gateway has to echo. Exits 0 when everything was as the client expects it.
"""

import sys

import openai

ORDER = ["created", "in_progress", "output_item.added", "content_part.added", "output_text.delta"]
END = ["output_text.done", "content_part.done", "output_item.done", "completed"]


def main(base_url: str, token: str) -> None:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=token, max_retries=0)
    ask = lambda text, **more: client.responses.create(model="callboard", input=text, **more)

    answer = ask("hello from the client", instructions="be short", temperature=0.1, metadata={"a": "b"}, store=True)
    assert (answer.output_text, answer.status, answer.error) == ("hello from the client", "completed", None), answer
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens, answer
    assert (answer.metadata, answer.instructions) == ({"a": "b"}, "be short"), answer

    items = [
        {"role": "developer", "content": "be short"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "first"}]},
        {"role": "user", "content": [{"type": "input_text", "text": "second"}]},
    ]
    assert ask(items, user="ann").output_text == "second"

    text, numbers, kinds, final = "", [], [], None
    for event in ask("a word at a time", stream=True):
        numbers.append(event.sequence_number)
        kinds.append(event.type.removeprefix("response."))
        text += event.delta if event.type == "response.output_text.delta" else ""
        final = event.response if event.type == "response.completed" else final
    assert text == final.output_text == "a word at a time", (text, final)
    assert numbers == list(range(len(numbers))), numbers
    assert (kinds[: len(ORDER)], kinds[-len(END) :]) == (ORDER, END), kinds

    # The client's own helper puts the same together.
    with client.responses.stream(model="callboard:main", input="all at once") as events:
        for _ in events:
            pass
        assert events.get_final_response().output_text == "all at once"

    assert ask("and on", previous_response_id=answer.id).output_text == "and on"
    assert ask("further", previous_response_id=ask("on", previous_response_id=final.id).id).output_text == "further"

    refuse(openai.NotFoundError, "previous_response_id", lambda: ask("x", previous_response_id="resp_of_nobody"))
    refuse(openai.NotFoundError, "model", lambda: client.responses.create(model="callboard:nobody", input="x"))
    refuse(openai.BadRequestError, "input", lambda: ask([]))
    refuse(openai.BadRequestError, "background", lambda: ask("x", background=True))
    refuse(openai.BadRequestError, "zzz", lambda: ask("x", extra_body={"zzz": 1}))
    stranger = openai.OpenAI(base_url=base_url + "/v1", api_key="wrong", max_retries=0)
    refuse(openai.AuthenticationError, None, lambda: stranger.responses.create(model="callboard", input="x"))


def refuse(kind: type[openai.APIStatusError], param: str | None, call) -> None:
    try:
        call()
    except kind as error:
        assert (error.param, bool(error.body["code"])) == (param, True), error.body
        return
    raise AssertionError(f"{kind.__name__} was not raised")


if __name__ == "__main__":
    main(*sys.argv[1:])
