"""SPEC.toml: every mistake is named by file, line and key, with the remedy."""

from datetime import date
from pathlib import Path

import pytest

from rebalancer.config.sweep import ClusterSettings, load, parse
from rebalancer.errors import BadInputError

SOURCE = Path("specs/mine.toml")
PARAMETER = '[parameters.window]\nat = "chart.window"\nvalues = [10, 20]\n'
BOT = 'bot = "mine.json"\n'


def spec(text: str):
    return parse(text.encode(), SOURCE, {})


def refused(text: str) -> str:
    with pytest.raises(BadInputError) as error:
        spec(text)
    return str(error.value)


def test_the_least_spec_has_a_bot_and_a_parameter():
    found = spec(BOT + PARAMETER)
    assert (found.bot, found.trials, found.first, found.last, found.cost_bps) == ("mine.json", None, None, None, 0)
    (window,) = found.parameters
    assert (window.name, window.places, window.tried_values) == ("window", ("chart.window",), (10, 20))
    assert (found.terms.blocks, found.terms.train, found.terms.test) == (16, 756, 252)


def test_everything_can_be_set():
    found = spec(
        'bot = "a"\nfrom = 2010-01-01\nto = "2020-01-01"\ncost_bps = 2.5\nmethod = "random"\ntrials = 7\nseed = 3\n'
        "minutes = 0.5\nblocks = 8\n[walk_forward]\ntrain = 100\ntest = 20\n[cluster]\n"
        'address = "tls://10.0.0.5:8786"\nca = "ca.pem"\ncertificate = "/my/c.pem"\nkey = "k.pem"\n' + PARAMETER
    )
    assert (found.first, found.last, found.cost_bps) == (date(2010, 1, 1), date(2020, 1, 1), 2.5)
    assert (found.trials, found.seed, found.minutes) == (7, 3, 0.5)
    assert (found.terms.blocks, found.terms.train, found.terms.test) == (8, 100, 20)
    assert found.cluster == ClusterSettings(
        "tls://10.0.0.5:8786", Path("specs/ca.pem"), Path("/my/c.pem"), Path("specs/k.pem")
    )


def values(text: str) -> tuple[object, ...]:
    return spec(f'{BOT}[parameters.p]\nat = ["a", "b", "a"]\n{text}').parameters[0].tried_values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from = 10\nto = 30\nstep = 10", (10, 20, 30)),
        ("from = 10\nto = 29\nstep = 10", (10, 20)),
        ("from = 0.1\nto = 0.3\nstep = 0.1", (0.1, 0.2, 0.3)),
        ("from = -1\nto = 0\nstep = 0.5", (-1.0, -0.5, 0.0)),
        ("from = 5\nto = 5\nstep = 1", (5,)),
        ('values = ["SPY", "QQQ"]', ("SPY", "QQQ")),
        ("values = [1, 2.5]", (1, 2.5)),
    ],
)
def test_values_are_a_list_or_an_exact_range(text, found):
    assert values(text) == found
    assert [type(each) for each in values(text)] == [type(each) for each in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PARAMETER, "mine.toml: bot: is missing, and has no default: The bot's file, or the name of a bot"),
        (BOT, "parameters: is missing: add a table such as [parameters.window]"),
        (BOT + "[parameters.window]\nvalues = [1]", "line 2: parameters.window.at: is missing"),
        (BOT + '[parameters.w]\nat = "x"', "parameters.w.values: is missing: use values = [10, 20], or from"),
        (BOT + '[parameters.w]\nat = "x"\nfrom = 1\nto = 2', "there is no step"),
        (BOT + '[parameters.w]\nat = "x"\nfrom = 9\nto = 2\nstep = 1', "line 5: parameters.w.to: 2 is below from, 9"),
        (BOT + PARAMETER + "from = 1", "parameters.window.from: has no effect beside values: take this line out"),
        (BOT + '[parameters.w]\nat = "x"\nfrom = 1\nto = 2\nstep = 0.0001', "step: 10,001 values from 1 to 2"),
        (BOT + '[parameters.w]\nat = "x"\nvalues = []', "use a list of 1 to 1,000 values"),
        (BOT + '[parameters.w]\nat = "x"\nvalues = [1, "A"]', "has both numbers and texts"),
        (BOT + '[parameters.w]\nat = "x"\nvalues = [1, 1]', "1 stands here twice"),
        (BOT + '[parameters.w]\nat = "x"\nvalues = [true]', "true is not allowed: use numbers"),
        (BOT + '[parameters.w]\nat = "x"\nvalues = [nan]', "is not finite"),
        (BOT + "[parameters.w]\nat = []\nvalues = [1]", "name places in the bot's file"),
        (BOT + "blocks = 7\n" + PARAMETER, "line 2: blocks: 7 is odd"),
        (BOT + "blocks = 22\n" + PARAMETER, "blocks: 22 is not allowed: use a whole number from 2 to 20"),
        (BOT + 'method = "bayes"\n' + PARAMETER, 'method: "bayes" is not allowed: use "grid" or "random"'),
        (BOT + 'method = "random"\n' + PARAMETER, "trials: is missing"),
        (BOT + "trials = 5\n" + PARAMETER, "trials: has no effect on a grid"),
        (BOT + "seed = 5\n" + PARAMETER, "seed: has no effect on a grid"),
        (BOT + "from = 2020-01-02\nto = 2020-01-02\n" + PARAMETER, "to: 2020-01-02 is not after from"),
        (BOT + "costs = 5\n" + PARAMETER, 'costs: is no setting; did you mean "cost_bps"?'),
        (BOT + "minutes = 0\n" + PARAMETER, "minutes: 0 is not allowed"),
        (BOT + PARAMETER + "[walk_forward]\ntrain = 5", "walk_forward.train: 5 is not allowed"),
        (BOT + "[walk_forwards]\n" + PARAMETER, 'did you mean "walk_forward"?'),
        ("bot = ", "is no valid TOML"),
    ],
)
def test_a_mistake_is_named_by_line_and_key_with_the_remedy(text, said):
    assert said in refused(text)


def test_all_mistakes_come_together_in_the_order_of_the_file():
    said = refused('blocks = 7\nwhat = 1\n[parameters.w]\nat = "x"\nvalues = []').splitlines()
    assert [line.split(": ")[0].rpartition(", ")[2] for line in said[1:]] == ["line 1", "line 2", "line 5"]
    assert "bot: is missing" in said[0]


def test_an_empty_file_lacks_both_keys_that_are_needed():
    said = refused("")
    assert "bot: is missing" in said
    assert "parameters: is missing" in said


def test_a_grid_of_too_many_combinations_is_refused_with_the_sample():
    large = "".join(f'[parameters.p{n}]\nat = "a{n}"\nfrom = 1\nto = 100\nstep = 1\n' for n in range(3))
    assert "1,000,000 combinations are more than 20,000" in refused(BOT + large)
    assert len(spec(f'{BOT}method = "random"\ntrials = 10\n{large}').parameters) == 3
    larger = "".join(f'[parameters.p{n}]\nat = "a{n}"\nfrom = 1\nto = 1000\nstep = 1\n' for n in range(6))
    assert "use fewer values" in refused(f'{BOT}method = "random"\ntrials = 10\n{larger}')


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInputError, match=r"none\.toml: can't be read: No such file"):
        load(tmp_path / "none.toml")
