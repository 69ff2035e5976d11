"""GitHub's API: tokens, forks, pull requests, reviews and checks. The only package that talks to it; PyGithub is used inside."""
