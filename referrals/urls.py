from django.urls import path

from referrals.following import views as following
from referrals.received import views as received
from referrals.views import lists, reading, withdrawing, writing

app_name = "referrals"
urlpatterns = [
    path("", lists.worklist, name="worklist"),
    path("list/", lists.worklist_part, name="worklist-part"),
    path("next/", lists.next_steps, name="next-steps"),
    path("new/", writing.new, name="new"),
    path("panel/<uuid:patient_id>/", lists.panel, name="panel"),
    path("received/", received.received, name="received"),
    path("received/<uuid:request_id>/", received.received_one, name="received-one"),
    path("received/<uuid:request_id>/<slug:act>/", received.answer, name="received-answer"),
    path("referred/", reading.referred, name="referred"),
    path("referred/<uuid:referral_id>/", reading.referred_one, name="referred-one"),
    path("<uuid:referral_id>/", reading.referral, name="referral"),
    path("give/", following.give, name="give"),
    path("<uuid:referral_id>/chase/", following.chase, name="chase"),
    path("<uuid:referral_id>/keep/", following.keep, name="keep"),
    path("<uuid:referral_id>/close/", following.close, name="close"),
    path("<uuid:referral_id>/edit/", writing.edit, name="edit"),
    path("<uuid:referral_id>/send/", writing.send, name="send"),
    path("<uuid:referral_id>/withdraw/", withdrawing.withdraw, name="withdraw"),
    path("<uuid:referral_id>/let-stand/", withdrawing.let_stand, name="let-stand"),
]
