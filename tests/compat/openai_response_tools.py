"""Has the unmodified OpenAI client answer tools of its own behind responses: python3 openai_response_tools.py BASE_URL TOKEN.

The agent behind the gateway calls `get_weather` and `get_time` when it is asked for the `weather`, and then says what they gave.
Exits 0 when everything was as the client expects it.
"""

import json
import sys

import openai

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
TOOLS = [
    {"type": "function", "name": "get_weather", "description": "Tells the weather.", "parameters": CITY, "strict": True},
    {"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}, "strict": False},
]
GIVEN = {"get_weather": "rain", "get_time": "noon"}


def main(base_url: str, token: str) -> None:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=token, max_retries=0)
    ask = lambda items, **more: client.responses.create(model="callboard", input=items, tools=TOOLS, **more)

    # Gone on with by the name of the answer; without a person the session is the answer's own.
    for more in [{}, {"user": "ann"}]:
        answer = ask("weather", tool_choice="auto", parallel_tool_calls=True, **more)
        calls = called(answer)
        after = ask(results(calls), previous_response_id=answer.id)
        assert (after.output_text, after.usage.total_tokens) == ("It is: rain\nnoon", 13), after
        assert ask("and now?", previous_response_id=after.id).output_text == "and now?"

    # Gone on with by telling everything again.
    items = [{"role": "user", "content": "weather"}]
    answer = ask(items)
    items += [*answer.output, *results(called(answer))]
    assert ask(items).output_text == "It is: rain\nnoon"

    # Streamed.
    arguments, done, final = {}, {}, None
    for event in ask("weather", stream=True):
        if event.type == "response.function_call_arguments.delta":
            arguments[event.output_index] = arguments.get(event.output_index, "") + event.delta
        if event.type == "response.output_item.done" and event.item.type == "function_call":
            done[event.output_index] = event.item
        final = event.response if event.type == "response.completed" else final
    assert {index: item.arguments for index, item in done.items()} == arguments, (done, arguments)
    after = ask(results(called(final)), previous_response_id=final.id, stream=True)
    assert [event.response.output_text for event in after if event.type == "response.completed"] == ["It is: rain\nnoon"]

    try:
        ask("never mind", previous_response_id=answer.id)
    except openai.BadRequestError as error:
        assert error.param == "input", error.body
    else:
        raise AssertionError("calls without a result were passed over")


def called(answer) -> list:
    calls = [item for item in answer.output if item.type == "function_call"]
    assert [call.name for call in calls] == ["get_weather", "get_time"], answer
    assert json.loads(calls[0].arguments) == {"city": "Oslo"}, answer
    assert (answer.output_text, answer.status) == ("Let me see.", "completed"), answer
    return calls


def results(calls: list) -> list:
    return [{"type": "function_call_output", "call_id": call.call_id, "output": GIVEN[call.name]} for call in calls]


if __name__ == "__main__":
    main(*sys.argv[1:])
