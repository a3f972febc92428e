"""Pages to look at a lake with a browser, at ``/console`` of the service.

Everything that a page shows comes from the public HTTP API, called with the visitor's own key (``client.Api``). What
the API lacks becomes a documented route of ``lake/service``, never a private door.

To add a section of the console:

1. Write ``views/NAME.py`` with a ``SECTION``: a title, views (GET) and acts (POST) by their paths below ``/console``.
   A handler takes a ``Visit`` and returns ``visit.page("NAME.html", ...)``, ``visit.part(...)`` for a piece that htmx
   swaps in, or ``visit.back_to(path)``. Acts come with Origin and CSRF token already checked. Views under ``parts``
   are pieces only, and make no requests for the frame of a page.
2. List it in ``views/__init__.py``; a section with a title appears in the navigation.
3. Write ``templates/NAME.html``, which extends ``base.html`` and fills ``title`` and ``main``. ``macros.html`` has
   cards, bars, badges, tables, text differences, and the states empty, error and degraded. A form that acts contains
   ``{{ m.token(visit) }}``. The policy of the pages allows no inline script or style; a width goes into an SVG.
4. Call the API: ``await visit.api.get("/releases")``, ``await visit.api.post("/query", {...})``, both together with
   ``asyncio.gather``. An ``ApiError`` that a handler lets pass becomes a designed error page, and 401 the sign-in.
5. Test it with the fixtures of ``tests/lake/console/conftest.py``.
"""
