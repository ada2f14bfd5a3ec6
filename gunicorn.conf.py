"""Settings that gunicorn reads by itself. No access log is kept unless --access-logfile asks for one; then its lines
have the path alone: what stands after the ? may be a name or an NHS number, and so may the page that a click came from.
"""

access_log_format = '%(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)sms'
