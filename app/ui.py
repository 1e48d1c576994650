"""The script of a session, as Streamlit runs it.

Streamlit makes it the main module of the server's process. A process beside the screens takes up the main module of the
one that starts it, under another name: there it draws nothing, and loads nothing that only screens need.
"""

if __name__ == "__main__":
    from app.run import run

    run()
