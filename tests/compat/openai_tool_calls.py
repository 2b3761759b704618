"""Has the unmodified OpenAI client answer tools of its own: python3 openai_tool_calls.py BASE_URL TOKEN.

The agent behind the gateway calls `get_weather` and `get_time` when it is asked for the `weather`, and then says what they gave.
Exits 0 when everything was as the client expects it.
"""

import json
import sys

import openai

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Tells the weather.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
            "strict": True,
        },
    },
    {"type": "function", "function": {"name": "get_time"}},
]
GIVEN = {"get_weather": "rain", "get_time": "noon"}


def main(base_url: str, token: str) -> None:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=token, max_retries=0)
    whole(client)
    streamed(client)
    kept(client)
    answer = ask(client, [{"role": "user", "content": "strange"}])
    assert answer.choices[0].message.content == "never mind", answer
    assert answer.choices[0].finish_reason == "stop", answer
    wishes(client)
    refusals(client)


def ask(client: openai.OpenAI, messages: list, **more):
    return client.chat.completions.create(model="callboard", messages=messages, tools=TOOLS, **more)


def whole(client: openai.OpenAI, **more) -> None:
    messages = [{"role": "user", "content": "weather"}]
    answer = ask(client, messages, tool_choice="auto", parallel_tool_calls=True, **more)
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls", answer
    assert choice.message.content == "Let me see.", answer
    assert [call.function.name for call in choice.message.tool_calls] == ["get_weather", "get_time"], answer
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"city": "Oslo"}, answer
    messages.append(choice.message)
    for call in choice.message.tool_calls:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": GIVEN[call.function.name]})
    answer = ask(client, messages, **more)
    assert answer.choices[0].message.content == "It is: rain\nnoon", answer
    assert answer.choices[0].message.tool_calls is None, answer
    assert (answer.choices[0].finish_reason, answer.usage.total_tokens) == ("stop", 13), answer
    # The conversation goes on with the calls in its past.
    messages += [answer.choices[0].message, {"role": "user", "content": "and now?"}]
    assert ask(client, messages, **more).choices[0].message.content == "and now?"


def streamed(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "weather"}]
    calls, reasons, text = {}, [], ""
    for chunk in ask(client, messages, stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
            for part in choice.delta.tool_calls or []:
                call = calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
                call["id"] += part.id or ""
                call["name"] += part.function.name or ""
                call["arguments"] += part.function.arguments or ""
    assert (text, reasons) == ("Let me see.", ["tool_calls"]), (text, reasons)
    assert [call["name"] for call in calls.values()] == ["get_weather", "get_time"], calls
    assert json.loads(calls[0]["arguments"]) == {"city": "Oslo"}, calls
    # The client's own helper puts the same together.
    with client.chat.completions.stream(model="callboard", messages=messages, tools=[TOOLS[0]]) as events:
        final = events.get_final_completion()
    parsed = final.choices[0].message.tool_calls[0].function.parsed_arguments
    assert parsed == {"city": "Oslo"}, final


def kept(client: openai.OpenAI) -> None:
    whole(client, extra_headers={"x-callboard-session-key": "tools"})


def wishes(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="callboard",
        messages=[{"role": "user", "content": "plain"}],
        temperature=0.3,
        top_p=0.9,
        max_tokens=100,
        max_completion_tokens=100,
        stop=["END"],
        seed=7,
        response_format={"type": "text"},
        reasoning_effort="low",
        n=1,
    )
    assert answer.choices[0].message.content == "plain", answer


def refusals(client: openai.OpenAI) -> None:
    user = {"role": "user", "content": "x"}
    call = {"id": "a", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}
    refused("n", lambda: ask(client, [user], n=2))
    refused("tool_choice", lambda: ask(client, [user], tool_choice={"type": "function", "function": {"name": "zz"}}))
    refused("messages[1].tool_calls[0]", lambda: ask(client, [user, {"role": "assistant", "tool_calls": [call]}]))
    refused("temperature", lambda: ask(client, [user], temperature=9))


def refused(param: str, call) -> None:
    try:
        call()
    except openai.BadRequestError as error:
        assert error.param == param, error.body
        return
    raise AssertionError(f"a wrong {param} was not refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
