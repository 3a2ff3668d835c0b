"""The pages: one function a page or form, which takes a visit and answers it."""

from rebalancer.web.pages.home import home
from rebalancer.web.pages.login import enter, leave, login
from rebalancer.web.site import Page

PAGES = (
    Page("/", home),
    Page("/login", login),
    Page("/login", enter, "POST"),
    Page("/leave", leave, "POST"),
)
