"""The service as its clients meet it: in this process for what it answers, as `reprise serve` for what it leaves.

The workers are real processes everywhere. No test looks at a time; those that must find a worker busy ask for more
notes than a machine makes in the time that they wait.
"""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import mido
import psutil
import pytest
from fastapi.testclient import TestClient
from tiny_model import save_tiny_model

from benchmarks import service as benchmark
from reprise.checked import LARGEST_SEED
from reprise.cli import main
from reprise.composition.sampling.chords.compliance import compliance
from reprise.composition.sampling.chords.progression import progression
from reprise.composition.sampling.rules import OPTIONS, SAMPLING, SamplingRules, save_rules
from reprise.errors import BadInput, ParamsError
from reprise.music.readers.midi import read_midi
from reprise.service.app import MOST_NOTES, create_app
from reprise.service.settings import ServiceSettings

PATIENCE_S = 120


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A folder as `models/composer` is, and a file beside the models that isn't one."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("lstm", "transformer"):
        save_tiny_model(folder / name, name)
    save_rules(SamplingRules(pitch_factor=0.9, top_k=6), folder / "lstm" / SAMPLING)
    (folder / "readme.txt").write_text("no model")
    return folder


@pytest.fixture(scope="module")
def client(models) -> Iterator[TestClient]:
    with TestClient(create_app(ServiceSettings(models, workers=2)), raise_server_exceptions=False) as client:
        yield client


def notes_in(content: bytes) -> int:
    """Notes of a MIDI file: with mido, which our own reader doesn't use."""
    path = f"/proc/self/fd/{os.memfd_create('midi')}"
    Path(path).write_bytes(content)
    return sum(message.type == "note_on" and message.velocity > 0 for message in mido.MidiFile(path))


# --- what is served


def test_it_says_that_it_is_alive_and_what_it_plays(client):
    answer = client.get("/")
    assert answer.status_code == 200
    found = answer.json()
    assert (
        found["status"] == "alive" and found["default_model"] == "transformer" and re.match(r"\d+\.", found["version"])
    )
    assert sorted(found["models"]) == ["lstm", "transformer"]
    assert {name: facts["validation_nats"] for name, facts in found["models"].items()} == {
        "lstm": 1.9,
        "transformer": 1.8,
    }
    assert [found["models"]["lstm"]["sampling"][name] for name in ("temperature", "pitch_factor")] == [1.0, 0.9]
    assert found["models"]["lstm"]["parts"] == 4 and found["models"]["lstm"]["metres"] == ["4/4"]


@pytest.mark.parametrize("notes", [1, 7, 200])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_midi_file_has_as_many_notes_as_asked_for(client, notes, slash):
    answer = client.get(f"/midi/{notes}{slash}", follow_redirects=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/midi"
    seed = int(answer.headers["reprise-seed"])
    name = f"reprise-transformer-{notes}-notes-seed-{seed}.mid"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["cache-control"] == "no-store"
    assert len(read_midi(answer.content, name).notes) == notes_in(answer.content) == notes


def test_the_seed_of_an_answer_gives_the_same_bytes_again(client):
    first, second = client.get("/midi/40/"), client.get("/midi/40/")
    assert first.headers["reprise-seed"] != second.headers["reprise-seed"] and first.content != second.content
    again = client.get("/midi/40/", params={"seed": first.headers["reprise-seed"]})
    assert again.content == first.content and again.headers["reprise-seed"] == first.headers["reprise-seed"]


def test_model_and_temperature_count(client):
    def ask(**options):
        return client.get("/midi/40/", params={"seed": 3, **options}).content

    assert ask() == ask(model="transformer", temperature=1) == ask(temperature="1.0")
    assert len({ask(), ask(model="lstm"), ask(temperature=0.5), ask(top_k=1), ask(field_temperature="pitch=3")}) == 5
    assert ask(temperature=0) == client.get("/midi/40/", params={"seed": 4, "temperature": 0}).content


def test_what_a_request_does_not_say_is_as_the_model_s_music_was_measured(client):
    def ask(**options):
        return client.get("/midi/40/", params={"seed": 3, "model": "lstm", **options}).content

    assert ask() == ask(temperature=1, pitch_factor=0.9, top_k=6) == ask(field_temperature="pitch=0.9")
    assert len({ask(), ask(top_k=0), ask(pitch_factor=0.3)}) == 3


def test_the_command_line_makes_the_same_file(client, models, tmp_path):
    out = tmp_path / "new.mid"
    arguments = ["--model", str(models / "lstm"), "--notes", "50", "--seed", "7", "--temperature", "0.9"]
    assert main(["generate", *arguments, "-o", str(out)]) == 0
    assert client.get("/midi/50/?model=lstm&seed=7&temperature=0.9").content == out.read_bytes()


@pytest.mark.slow
def test_company_changes_nothing(client):
    """Requests asked for together are composed together, and each answer is as if it had been alone."""
    queries = [("/midi/30/", {"seed": seed}) for seed in range(12)]
    queries += [("/midi/30/", {"seed": seed, "model": "lstm"}) for seed in range(3)]
    queries += [("/midi/60/", {"seed": 1}), ("/midi/33/", {"seed": 2, "temperature": 0.7})]
    queries += [("/midi/30/", {"seed": 4, "temperature": 0.1 * n, "top_k": n, "key": "g minor"}) for n in range(5)]

    def ask(query):
        return client.get(query[0], params=query[1]).content

    with ThreadPoolExecutor(len(queries)) as executor:
        together = list(executor.map(ask, queries))
    assert together == list(map(ask, queries))


@pytest.mark.slow
def test_chords_are_held_and_numerals_count_in_the_key(client):
    """As many notes as asked for all the same."""
    numerals = client.get("/midi/60/", params={"chords": "I IV V7 I", "key": "D major", "seed": 1}).content
    assert notes_in(numerals) == 60
    piece = read_midi(numerals, "served")
    assert compliance(piece, progression("D G A7 D", (4, 4), None)).struck == 1
    plain = client.get("/midi/60/", params={"chords": "D G A7 D", "seed": 1}).content
    assert read_midi(plain, "served").notes.tolist() == piece.notes.tolist()


@pytest.mark.slow
def test_the_bounds_themselves_are_served(client):
    assert client.get("/midi/1/", params={"seed": LARGEST_SEED, "temperature": 100}).status_code == 200
    answer = client.get(f"/midi/{MOST_NOTES}/", params={"seed": 0, "temperature": 0})
    assert notes_in(answer.content) == MOST_NOTES


# --- what is refused

NOTES = "it must be a whole number from 1 to 2,000"
TEMPERATURE = "it must be a number from 0 to 100"
SEED = f"it must be a whole number from 0 to {LARGEST_SEED}"
ALL = ", ".join(["notes", "model", *OPTIONS, "seed"])


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("/midi/0/", f"notes: is '0'; {NOTES}"),
        ("/midi/-1/", f"notes: is '-1'; {NOTES}"),
        ("/midi/2001/", f"notes: is '2001'; {NOTES}"),
        ("/midi/1e9/", f"notes: is '1e9'; {NOTES}"),
        ("/midi/2.5/", f"notes: is '2.5'; {NOTES}"),
        ("/midi/many", f"notes: is 'many'; {NOTES}"),
        ("/midi/5_0/", f"notes: is '5_0'; {NOTES}"),
        ("/midi/%EF%BC%95%EF%BC%90/", f"notes: is '５０'; {NOTES}"),
        ("/midi/%205/", f"notes: is ' 5'; {NOTES}"),
        ("/midi/+5/", f"notes: is '+5'; {NOTES}"),
        ("/midi/9/?seed=1_0", f"seed: is '1_0'; {SEED}"),
        ("/midi/9/?top_k=%EF%BC%95", "top_k: is '５'; it must be a whole number, 0 or more"),
        ("/midi/9/?temperature=0_1", f"temperature: is '0_1'; {TEMPERATURE}"),
        ("/midi/9/?temperature=+1", f"temperature: is ' 1'; {TEMPERATURE}"),
        (
            "/midi/9/?field_temperature=step=1_0",
            "field_temperature: is 'step=1_0'; it must be a field and a number from 0 to 100, such as step=0.8",
        ),
        ("/midi/%00/", f"notes: is '\0'; {NOTES}"),
        (f"/midi/{'9' * 5000}/", f"notes: is '{'9' * 80}...'; {NOTES}"),
        ("/midi/9/?temperature=-1", f"temperature: is '-1'; {TEMPERATURE}"),
        ("/midi/9/?temperature=nan", f"temperature: is 'nan'; {TEMPERATURE}"),
        ("/midi/9/?temperature=inf", f"temperature: is 'inf'; {TEMPERATURE}"),
        ("/midi/9/?temperature=1e9", f"temperature: is '1e9'; {TEMPERATURE}"),
        ("/midi/9/?temperature=warm", f"temperature: is 'warm'; {TEMPERATURE}"),
        ("/midi/9/?temperature=", f"temperature: is ''; {TEMPERATURE}"),
        ("/midi/9/?top_p=0", "top_p: is '0'; it must be a number above 0, at most 1"),
        ("/midi/9/?top_k=1.5", "top_k: is '1.5'; it must be a whole number, 0 or more"),
        ("/midi/9/?lowest=200", "lowest: is '200'; it must be a whole number from 0 to 127"),
        (
            "/midi/9/?field_temperature=step=1&field_temperature=pitch",
            "field_temperature: is 'pitch'; it must be a field and a number from 0 to 100, such as step=0.8",
        ),
        (
            "/midi/9/?field_temperature=loudness=1",
            "field_temperature: 'loudness' is no field of the model; it must be step, part, pitch, duration",
        ),
        ("/midi/9/?lowest=70&highest=60", "lowest: is 70; it must be from 0 to highest (60)"),
        ("/midi/9/?chords=", "chords: is ''; it must be a text such as C F G7 C or I IV V7 I"),
        (
            "/midi/9/?chords=C+I",
            "chords: chord 2 ('I') is a numeral, but no key is known that it counts in; give the key too "
            "(--key 'C major'), or write symbols such as C or F#m",
        ),
        (
            "/midi/9/?chords=C&lowest=61&highest=62",
            "lowest, highest: leave no pitch for chord 1 ('C'), or for its bass; they must be an octave apart or more",
        ),
        ("/midi/9/?seed=-1", f"seed: is '-1'; {SEED}"),
        ("/midi/9/?seed=1.5", f"seed: is '1.5'; {SEED}"),
        ("/midi/9/?seed=4294967296", f"seed: is '4294967296'; {SEED}"),
        ("/midi/9/?seed=", f"seed: is ''; {SEED}"),
        ("/midi/9/?model=gpt", "model: is 'gpt'; it must be one of lstm, transformer"),
        ("/midi/9/?model=../lstm", "model: is '../lstm'; it must be one of lstm, transformer"),
        ("/midi/9/?tempo=90", f"'tempo' is no parameter; the parameters are {ALL}"),
        ("/midi/9/?seed=1&notes=3", f"'notes' is no parameter; the parameters are {ALL}"),
        ("/midi/0/?seed=x", f"notes: is '0'; {NOTES}; seed: is 'x'; {SEED}"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_be_right(client, url, detail):
    answer = client.get(url)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"detail": detail}


@pytest.mark.parametrize("name", [*OPTIONS, "model", "seed", "x" * 30_000])
def test_a_refusal_is_short_whatever_was_sent(client, name):
    answer = client.get("/midi/9/", params={name: "y" * 30_000})
    assert answer.status_code == 422 and len(answer.content) < 1000
    assert name[:80] in answer.json()["detail"] and "..." in answer.json()["detail"]


def test_of_many_wrong_parameters_a_few_are_named(client):
    answer = client.get("/midi/9/", params={f"x{n}": 1 for n in range(1000)})
    assert answer.status_code == 422 and len(answer.content) < 3000
    assert answer.json()["detail"].endswith("; and 992 more")
    many = client.get("/midi/9/", params={"field_temperature": ["loudness=1"] * 1000})
    assert many.status_code == 422 and len(many.content) < 1000


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/static-offline-docs/swagger-ui.css"])
def test_head_is_as_get_without_the_body(client, path):
    whole, head = client.get(path), client.head(path)
    assert head.status_code == 200 and head.content == b""
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["content-length"] == str(len(whole.content))


def test_head_of_new_music_composes_nothing(client, monkeypatch):
    async def never(*_):
        raise AssertionError("it composes")

    monkeypatch.setattr(client.app.state.pool, "midi_file", never)
    head = client.head("/midi/2000/?seed=7")
    assert (head.status_code, head.headers["content-type"], head.headers["reprise-seed"]) == (200, "audio/midi", "7")
    assert "content-length" not in head.headers and head.content == b""
    assert client.head("/midi/0/").status_code == 422 and client.head("/midi").status_code == 404


@pytest.mark.parametrize("path", ["/music", "/midi", "/midi/", "/midi/9/9/", "/static-offline-docs/none.js"])
def test_other_paths_are_refused(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("there is nothing at '/") and "/docs" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(client, method):
    answer = client.request(method, "/midi/9/")
    assert answer.status_code == 405
    assert answer.json() == {"detail": f"'/midi/9/' doesn't take {method}, only GET and HEAD"}
    assert answer.headers["allow"] == "GET, HEAD"


def test_a_failure_of_ours_is_json_too(client, monkeypatch):
    async def broken(*_):
        raise ValueError("a secret")

    monkeypatch.setattr(client.app.state.pool, "midi_file", broken)
    answer = client.get("/midi/9/")
    assert answer.status_code == 500 and set(answer.json()) == {"detail"} and "secret" not in answer.text


# --- its own description


def test_the_page_of_the_interface_needs_nothing_from_elsewhere(client):
    page = client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page.text)
    assert len(addresses) >= 4 and all(address.startswith("/") for address in addresses)
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200 and len(answer.content) > 500, address


def test_the_interface_describes_each_parameter_and_each_answer(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert sorted(paths) == ["/", "/midi/{notes}/"]
    midi = paths["/midi/{notes}/"]["get"]
    parameters = {parameter["name"]: parameter for parameter in midi["parameters"]}
    assert sorted(parameters) == sorted(["model", "notes", "seed", *OPTIONS])
    assert all(parameter.get("description") for parameter in parameters.values())
    assert parameters["notes"]["schema"]["maximum"] == MOST_NOTES
    assert parameters["model"]["schema"]["enum"] == ["lstm", "transformer"]
    assert sorted(midi["responses"]) == ["200", "422", "503", "504"]
    assert list(midi["responses"]["200"]["content"]) == ["audio/midi"]
    assert "Reprise-Seed" in midi["responses"]["200"]["headers"]
    refusal = {"$ref": "#/components/schemas/Refusal"}
    assert all(midi["responses"][code]["content"]["application/json"]["schema"] == refusal for code in ("422", "503"))


# --- load and failures


def in_a_service(settings: ServiceSettings, use: Callable[[httpx.AsyncClient, object], Awaitable[None]]) -> None:
    """Run `use(client, pool)` in the event loop of a service."""

    async def run() -> None:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=PATIENCE_S) as client:
                await use(client, app.state.pool)

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_S * 100):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came so")


def worker_pids(pool) -> set[int]:
    return set(pool.processes._pool_manager.worker_manager.workers)


@pytest.mark.slow
def test_beyond_the_queue_a_request_is_refused_at_once(models):
    async def use(client, pool):
        busy = asyncio.create_task(client.get("/midi/600/"))
        await until(lambda: not pool.idle)
        waiting = asyncio.create_task(client.get("/midi/9/"))
        await until(lambda: pool.waiting)
        refused = await client.get("/midi/9/")
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
        assert refused.json() == {"detail": "1 requests wait already, as many as may; try again later"}
        assert (await waiting).status_code == (await busy).status_code == 200

    in_a_service(ServiceSettings(models, workers=1, queue=1), use)


def test_no_more_gather_than_workers_and_queue_can_take(models):
    async def use(client, pool):
        async def here() -> bool:
            return False

        orders = (pool.midi_file("lstm", SamplingRules(), 5, seed, here) for seed in range(20))
        answers = await asyncio.gather(*orders, return_exceptions=True)
        assert [isinstance(answer, bytes) for answer in answers] == [True] * 11 + [False] * 9
        assert {answer.status_code for answer in answers[11:]} == {503}

    in_a_service(ServiceSettings(models, workers=1, queue=3), use)


@pytest.mark.slow
def test_who_waits_too_long_is_told(models):
    async def use(client, pool):
        busy = asyncio.create_task(client.get("/midi/2000/"))
        await until(lambda: not pool.idle)
        late = await client.get("/midi/9/")
        assert late.status_code == 503 and "no worker got free within 0.1 s" in late.json()["detail"]
        assert int(late.headers["retry-after"]) > 0 and not pool.waiting
        assert (await busy).status_code == 200

    in_a_service(ServiceSettings(models, workers=1, wait_s=0.1), use)


def test_composing_has_a_time_limit_and_the_worker_is_replaced(models):
    async def use(client, pool):
        before = worker_pids(pool)
        slow = await client.get("/midi/2000/")
        assert slow.status_code == 504
        assert slow.json() == {"detail": "took more than 0.5 s; ask for fewer notes"}
        assert (await client.get("/midi/1/")).status_code == 200
        assert not before & worker_pids(pool)

    in_a_service(ServiceSettings(models, workers=1, limit_s=0.5), use)


@pytest.mark.slow
def test_a_worker_that_dies_at_work_is_replaced(models):
    async def use(client, pool):
        busy = asyncio.create_task(client.get("/midi/2000/"))
        await until(lambda: not pool.idle)
        await asyncio.sleep(0.5)  # until the worker has taken the request
        for pid in worker_pids(pool):
            os.kill(pid, signal.SIGKILL)
        answer = await busy
        assert answer.status_code == 503 and "has died; try again" in answer.json()["detail"]
        assert (await client.get("/midi/9/")).status_code == 200

    in_a_service(ServiceSettings(models, workers=1), use)


@pytest.mark.slow
def test_workers_that_die_idle_are_replaced(models):
    async def use(client, pool):
        assert (await client.get("/midi/9/")).status_code == 200
        pids = worker_pids(pool)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not pids & worker_pids(pool) or not pool.processes.active)
        assert (await client.get("/midi/9/")).status_code == 200

    in_a_service(ServiceSettings(models, workers=2), use)


def test_nothing_is_composed_for_a_client_that_has_left(models):
    async def use(client, pool):
        async def gone() -> bool:
            return True

        composed = []

        async def compose(batch):
            composed.extend(batch)
            return [b""] * len(batch)

        pool._composed = compose
        with pytest.raises(Exception, match="left"):
            await pool.midi_file("lstm", SamplingRules(), 9, 0, gone)
        assert not composed and pool.idle == 1
        assert (await client.get("/midi/9/?seed=5")).status_code == 200 and [r.seed for r in composed] == [5]

    in_a_service(ServiceSettings(models, workers=1), use)


def test_only_requests_alike_share_a_batch(models):
    async def use(client, pool):
        batches = []

        async def compose(batch):
            batches.append([request.seed for request in batch])
            await asyncio.sleep(0)
            return [b""] * len(batch)

        pool._composed = compose

        async def here() -> bool:
            return False

        lengths = [64, 64, 127, 128, 70, *[100] * 8]
        orders = [
            ("lstm" if seed == 1 else "transformer", SamplingRules(temperature=seed), notes, seed)
            for seed, notes in enumerate(lengths)
        ]
        await asyncio.gather(*(pool.midi_file(*order, here) for order in orders))
        # Eight at most, the longest waiting first; 64 to 127 notes are alike, 128 are not; whatever the temperature.
        assert batches == [[0, 2, 4, 5, 6, 7, 8, 9], [1], [3], [10, 11, 12]]

    in_a_service(ServiceSettings(models, workers=1), use)


# --- starting


def test_without_a_model_it_does_not_start(models, tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "none"):
        assert main(["serve", "--models", str(folder)]) == 2
        output = capsys.readouterr()
        assert output.err.startswith(f"reprise: {folder}: no model there") and "./run" in output.err
        assert output.out == "" and output.err.count("\n") == 1


def test_with_a_damaged_model_it_does_not_start(tmp_path, capsys):
    weights = save_tiny_model(tmp_path / "lstm", "lstm") / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    assert main(["serve", "--models", str(tmp_path)]) == 2
    assert str(tmp_path / "lstm") in capsys.readouterr().err


def test_a_port_in_use_is_named(models, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--models", str(models), "--port", port]) == 2
    error = capsys.readouterr().err
    assert f"--port {port}: can't listen there" in error and "a port that is free" in error


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("--port", "70000", "from 0 to 65,535"),
        ("--port", "http", "from 0 to 65,535"),
        ("--port", "80_00", "from 0 to 65,535"),
        ("--workers", "-1", "from 0 to 256"),
    ],
)
def test_wrong_options_are_refused(capsys, option, value, right):
    with pytest.raises(SystemExit) as end:
        main(["serve", option, value])
    assert end.value.code == 2
    assert f"{option}: is '{value}'; it must be a whole number {right}" in capsys.readouterr().err


def test_a_host_that_is_not_here_is_named(models, capsys):
    assert main(["serve", "--models", str(models), "--host", "no.such.host.invalid"]) == 2
    assert "--host no.such.host.invalid" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["workers", "queue", "wait_s", "limit_s"])
def test_settings_out_of_range_are_refused(models, key):
    with pytest.raises(ParamsError, match=key):
        ServiceSettings(models, **{key: -1})


def test_a_model_of_another_name_is_the_default_where_there_is_no_transformer(tmp_path):
    save_tiny_model(tmp_path / "mine", "lstm")
    client = TestClient(create_app(ServiceSettings(tmp_path, workers=1)))  # nothing starts a worker, nor needs one
    assert client.get("/").json()["default_model"] == "mine"
    assert "reprise-mine-3-" in client.head("/midi/3/").headers["content-disposition"]


def test_create_app_refuses_what_serve_refuses(tmp_path):
    with pytest.raises(BadInput, match="no model there"):
        create_app(ServiceSettings(tmp_path))


# --- as a process of its own


class Served:
    """`reprise serve` on a free port, and all processes that belong to it."""

    def __init__(self, models: Path, log: Path) -> None:
        code = "import sys; from reprise.cli import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "serve", "--port", "0", "--workers", "2", "--models", str(models)]
        with open(log, "w") as file:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)
        self.line = self.process.stdout.readline()
        self.address = self.line.partition(": ")[0]
        self.log = log
        self.get("/")
        own = psutil.Process(self.process.pid)
        self.family = [own, *own.children(recursive=True)]

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, timeout=PATIENCE_S)

    def end(self) -> None:
        """For a test that failed: nothing may stay behind it."""
        for process in self.family:
            if process.is_running():
                process.kill()
        self.process.wait()


@pytest.fixture
def served(models, tmp_path) -> Iterator[Served]:
    service = Served(models, tmp_path / "log")
    yield service
    service.end()


@pytest.fixture(scope="module")
def standing(models, tmp_path_factory) -> Iterator[Served]:
    """One for the tests that leave it as it was."""
    service = Served(models, tmp_path_factory.mktemp("standing") / "log")
    yield service
    service.end()


@pytest.mark.slow
def test_sixteen_at_once_are_all_served(standing):
    with ThreadPoolExecutor(16) as executor:
        answers = list(executor.map(standing.get, [f"/midi/200/?seed={seed}" for seed in range(16)]))
    assert [answer.status_code for answer in answers] == [200] * 16
    assert [notes_in(answer.content) for answer in answers] == [200] * 16
    assert len({answer.content for answer in answers}) == 16
    assert "127.0.0.1" in standing.line and "transformer" in standing.line and "/docs" in standing.line


def test_clients_that_leave_do_not_harm_the_others(standing):
    port = int(standing.address.rpartition(":")[2])
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /midi/300/ HTTP/1.1\r\nHost: test\r\n\r\n")
    for rubbish in (b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", os.urandom(1000) + b"\r\n\r\n", b"GET /" + b"a" * 100_000):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(rubbish)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(b"rubbish\r\n\r\n")
        assert connection.makefile("rb").read().endswith(b"}"), "`serve` has the connections of test_connections"
    assert notes_in(standing.get("/midi/50/").content) == 50
    assert len(standing.family) == 5 and all(process.is_running() for process in standing.family)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "code", "is_busy"), [(signal.SIGTERM, -signal.SIGTERM, True), (signal.SIGINT, 130, False)]
)
def test_told_to_stop_it_leaves_no_process(served, how, code, is_busy):
    family = served.family
    with ThreadPoolExecutor(1) as executor:
        if is_busy:
            going_on = executor.submit(served.get, "/midi/2000/")
            while "busy" not in {("busy" if p.cpu_percent(0.1) > 30 else "idle") for p in family[1:]}:
                assert not going_on.done()
        served.process.send_signal(how)
        assert served.process.wait(PATIENCE_S) == code
        if is_busy:
            answer = going_on.result()
            assert answer.status_code == 200 or "the service is stopping" in answer.json()["detail"]
    assert psutil.wait_procs(family, PATIENCE_S)[1] == []
    assert "Traceback" not in served.log.read_text()


@pytest.mark.slow
def test_killed_it_leaves_no_process_either(served):
    family = served.family
    served.process.kill()
    assert psutil.wait_procs(family, PATIENCE_S)[1] == []


# --- its benchmark


def test_the_benchmark_counts_what_is_lost(standing):
    found = benchmark.measure(standing.address, "lstm", clients=3, notes=5, rounds=2)
    for waits in (found["one_temperature"], found["own_temperatures"]):
        assert waits["requests"] == 6 and waits["lost"] == 0
        assert 0 < waits["seconds"]["p50"] <= waits["seconds"]["p95"] <= waits["seconds"]["longest"]
    assert "lstm" in benchmark.show(found) and found["ratio"].keys() == {"p50", "p95"}
    lost = benchmark.measure(standing.address, "gpt", clients=2, notes=5, rounds=1)
    assert lost["one_temperature"]["lost"] == lost["own_temperatures"]["lost"] == 2
    json.dumps(found)
