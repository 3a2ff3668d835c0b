"""The pages: one function a page or form, which takes a visit and answers it."""

from rebalancer.web.pages.bot import bot
from rebalancer.web.pages.bots import amount, bots, move, remove, removing
from rebalancer.web.pages.buy import bought, buy, check, upload
from rebalancer.web.pages.home import halt, home, resume
from rebalancer.web.pages.journal import journal
from rebalancer.web.pages.login import enter, leave, login
from rebalancer.web.pages.performance import performance
from rebalancer.web.pages.runs import orders, run, runs
from rebalancer.web.pages.settings import change, saved, settings
from rebalancer.web.pages.tonight import confirm, execution, plan, tonight
from rebalancer.web.site import Page

MOST_CHART = 4 * 2**20
"""Bytes of an uploaded chart."""

PAGES = (
    Page("/", home),
    Page("/halt", halt, "POST", stops=True),
    Page("/resume", resume, "POST"),
    Page("/tonight", tonight),
    Page("/tonight", plan, "POST"),
    Page("/tonight/execute", confirm, "POST"),
    Page("/tonight/execution", execution),
    Page("/bots", bots),
    Page("/bots/amount", amount, "POST"),
    Page("/bots/move", move, "POST"),
    Page("/bots/remove", removing),
    Page("/bots/remove", remove, "POST"),
    Page("/bot", bot),
    Page("/buy", buy),
    Page("/buy/upload", upload, "POST", MOST_CHART, files=True),
    Page("/buy/check", check),
    Page("/buy", bought, "POST"),
    Page("/runs", runs),
    Page("/run", run),
    Page("/orders", orders),
    Page("/performance", performance),
    Page("/settings", settings),
    Page("/settings/change", change, "POST"),
    Page("/settings/save", saved, "POST"),
    Page("/journal", journal),
    Page("/login", login),
    Page("/login", enter, "POST"),
    Page("/leave", leave, "POST"),
)
