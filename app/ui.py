"""The script of a session, as Streamlit runs it.

Streamlit makes it the main module of the server's process. A worker process imports the main module of the process that
starts it, under another name: there it draws nothing and imports nothing that only screens need.
"""

if __name__ == "__main__":
    from app.run import run_session

    run_session()
